using HymbaSharp.Demo.Commands;

return await DemoCommands.RunAsync(args, Console.Out, Console.Error);
