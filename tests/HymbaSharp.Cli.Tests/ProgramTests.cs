namespace HymbaSharp.Cli.Tests;

public sealed class ProgramTests
{
    [Fact]
    public void The_tool_is_named_hymba() => Assert.Equal("hymba", typeof(Program).Assembly.GetName().Name);
}
