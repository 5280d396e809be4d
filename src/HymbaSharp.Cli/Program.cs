using HymbaSharp.Cli;

using Interrupts interrupts = Interrupts.OfProcess();
return await HymbaTool.RunAsync(args, Terminal.OfProcess(interrupts));
