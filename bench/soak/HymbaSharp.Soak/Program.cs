using HymbaSharp.Soak;

// HymbaSharp.Soak served URL [CLIENTS] [SECONDS] [VANISHING] [PID]: clients of a running server; of so many requests one is left in the middle (0: none)
// HymbaSharp.Soak offline MODEL [CLIENTS] [SECONDS] [PARALLEL]: the same requests on an engine in this process
int Number(int i, int otherwise) => args.Length > i ? int.Parse(args[i], System.Globalization.CultureInfo.InvariantCulture) : otherwise;

if (args.Length < 2 || args[0] is not ("served" or "offline"))
{
    Console.Error.WriteLine("usage: HymbaSharp.Soak served URL [CLIENTS] [SECONDS] [VANISHING] [PID] | offline MODEL [CLIENTS] [SECONDS] [PARALLEL]");
    return 2;
}
Work work = new(Number(2, 64), TimeSpan.FromSeconds(Number(3, 600)), PromptWords: 24, ReplyTokens: 96);
if (args[0] == "served")
    await HttpSoak.RunAsync(new Uri(args[1]), work, Number(4, 0), args.Length > 5 ? Number(5, 0) : null);
else
    await EngineSoak.RunAsync(args[1], work, Number(4, work.Clients));
return 0;
