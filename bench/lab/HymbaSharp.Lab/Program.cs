using HymbaSharp.Lab;

switch (args.FirstOrDefault())
{
    case "0001":
        BlockProducts.Run(args[1..]);
        return 0;
    case "0002":
        Sensitivity.Run(args[1..]);
        return 0;
    case "0003":
        TileRates.Run(args[1..]);
        return 0;
    case "0004":
        Copying.Run(args[1..]);
        return 0;
    case "0005":
        Starts.Run();
        return 0;
    case "0006":
        Masks.Run(args[1..]);
        return 0;
    default:
        Console.Error.WriteLine("usage: dotnet run -c Release --project bench/lab/HymbaSharp.Lab -- NUMBER [arguments]; bench/lab/README.md says what the numbers are.");
        return 2;
}
