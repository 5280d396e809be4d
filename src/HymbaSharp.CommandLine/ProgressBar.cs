using Spectre.Console;
using Spectre.Console.Rendering;

namespace HymbaSharp.CommandLine;

/// <summary>A progress bar on standard error, where a person looks at it; nothing elsewhere.</summary>
internal static class ProgressBar
{
    /// <summary>Runs work that reports a fraction from 0 to 1 and a note to be shown behind the bar.</summary>
    public static Task<T> RunAsync<T>(IAnsiConsole console, string title, Func<Action<double, string>, Task<T>> work)
    {
        if (!console.Profile.Capabilities.Interactive)
            return work((_, _) => { });
        return console.Progress().AutoClear(true)
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn { Width = 30 }, new PercentageColumn(), new NoteColumn())
            .StartAsync(async context =>
            {
                ProgressTask task = context.AddTask(Markup.Escape(title), maxValue: 1);
                return await work((fraction, note) =>
                {
                    task.Value = fraction;
                    task.Tag = note;
                });
            });
    }

    private sealed class NoteColumn : ProgressColumn
    {
        protected override bool NoWrap => true;

        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) => new Text(task.Tag as string ?? "");
    }
}

/// <summary>Hands reports on at once, on the thread that makes them.</summary>
internal sealed class ImmediateProgress<T>(Action<T> report) : IProgress<T>
{
    public void Report(T value) => report(value);
}
