using HymbaSharp.CommandLine;
using HymbaSharp.Training.Commands;

using Interrupts interrupts = Interrupts.OfProcess();
Terminal terminal = Terminal.OfProcess(interrupts);
return await ToolRunner.RunAsync(TrainTool.Root(terminal, (_, _, _) => throw new NotSupportedException("there is no training loop in this build")), args, terminal);
