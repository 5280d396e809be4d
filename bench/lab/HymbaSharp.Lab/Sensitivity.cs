using HymbaSharp.Checkpoints;
using HymbaSharp.Diagnostics;
using HymbaSharp.Weights;

namespace HymbaSharp.Lab;

/// <summary>0002: which matrices a quantised Hymba is sensitive to. Each kind alone in 4 and in 8 bits, then each layer, all others as stored.</summary>
internal static class Sensitivity
{
    private static readonly string[] Kinds = ["in_proj", "out_proj", "gate_proj", "up_proj", "down_proj", "x_proj", "dt_proj", "embed_tokens"];

    public static void Run(string[] args)
    {
        if (args.Length < 2)
            throw new ArgumentException("0002 takes a model's folder, a file of text and, where not all of it is to be used, a limit of tokens.");
        string folder = args[0];
        using HymbaModel reference = HymbaModel.Load(folder, new HymbaModelOptions { UseCache = false });
        int[] tokens = reference.Tokenizer!.Encode(File.ReadAllText(args[1]), addBos: true);
        tokens = tokens[..Math.Min(tokens.Length, args.Length > 2 ? int.Parse(args[2]) : tokens.Length)];
        foreach (WeightType type in (WeightType[])[WeightType.Q8, WeightType.Q4])
        {
            foreach (string kind in Kinds)
                Compare($"{type} {kind}", name => TensorNames.IsMatrix(name) && name.Contains(kind, StringComparison.Ordinal) ? type : null);
        }
        for (int layer = 0; layer < reference.Config.LayerCount; layer++)
        {
            string prefix = $".layers.{layer}.";
            Compare($"Q4 layer {layer}", name => TensorNames.IsMatrix(name) && !TensorNames.IsSsmMatrix(name) && name.Contains(prefix, StringComparison.Ordinal) ? WeightType.Q4 : null);
        }
        foreach (QuantizationScheme scheme in Enum.GetValues<QuantizationScheme>())
            Compare($"scheme {scheme}", scheme.Recipe(reference.Config.LayerCount));

        void Compare(string what, Func<string, WeightType?> recipe)
        {
            using HymbaModel model = HymbaModel.Load(folder, new HymbaModelOptions { UseCache = false, Recipe = recipe });
            ModelComparison result = ModelComparison.Run(reference, model, tokens);
            Console.WriteLine($"{what}: {result.MeanDivergence:0.000000} nats, 99 % below {result.HighDivergence:0.0000}, same top {result.SameTop:0.00 %}");
        }
    }
}
