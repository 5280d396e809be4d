using HymbaSharp.CommandLine;
using HymbaSharp.Training.Commands;
using HymbaSharp.Training.Loop;

using Interrupts interrupts = Interrupts.OfProcess();
Terminal terminal = Terminal.OfProcess(interrupts);
return await ToolRunner.RunAsync(TrainTool.Root(terminal, (options, log, stop) => Task.Run(() => TrainingRun.Run(options, log, stop), CancellationToken.None)), args, terminal);
