using System.CommandLine;

return new RootCommand("Hymba language models on this machine.").Parse(args).Invoke();
