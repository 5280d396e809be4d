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
        bool recipesOnly = args.Length > 3 && args[3] == "recipes";
        foreach (WeightType type in recipesOnly ? [] : (WeightType[])[WeightType.Q8, WeightType.Q4])
        {
            foreach (string kind in Kinds)
                Compare($"{type} {kind}", name => TensorNames.IsMatrix(name) && name.Contains(kind, StringComparison.Ordinal) ? type : null);
        }
        for (int layer = 0; !recipesOnly && layer < reference.Config.LayerCount; layer++)
        {
            string prefix = $".layers.{layer}.";
            Compare($"Q4 layer {layer}", name => TensorNames.IsMatrix(name) && !TensorNames.IsSsmMatrix(name) && name.Contains(prefix, StringComparison.Ordinal) ? WeightType.Q4 : null);
        }
        foreach (string kept in (string[])["", "out_proj", "in_proj,out_proj", "gate_proj,up_proj,down_proj"])
        {
            foreach (WeightType type in (WeightType[])[WeightType.Q8, WeightType.Q4])
                Compare($"{type}, first and last layer's {kept} above", Outer(type, kept.Split(',', StringSplitOptions.RemoveEmptyEntries), reference.Config.LayerCount));
        }
        foreach (QuantizationScheme scheme in Enum.GetValues<QuantizationScheme>())
            Compare($"scheme {scheme}", scheme.Recipe(reference.Config.LayerCount));

        if (args.Length > 4)
        {
            int[] text = reference.Tokenizer!.Encode(File.ReadAllText(args[4]), addBos: true);
            foreach (int count in (int[])[2000, 10_000, 40_000])
            {
                Calibration calibration = Calibration.Run(reference, text.AsSpan(0, Math.Min(count, text.Length)));
                foreach (QuantizationScheme scheme in Enum.GetValues<QuantizationScheme>())
                    Compare($"scheme {scheme}, calibrated on {calibration.Tokens} other tokens", scheme.Recipe(reference.Config.LayerCount), calibration);
            }
        }

        // One step more for the embedding and the SSM's matrices with 4 bits, and for matrices of the first and the last layer: as stored above 8 bits, 8 above 4.
        static Func<string, WeightType?> Outer(WeightType type, string[] kept, int layers) => name =>
        {
            if (!TensorNames.IsMatrix(name))
                return null;
            bool isOuter = name.StartsWith(TensorNames.LayerPrefix(0), StringComparison.Ordinal) || name.StartsWith(TensorNames.LayerPrefix(layers - 1), StringComparison.Ordinal);
            if (isOuter && kept.Any(kind => name.Contains(kind, StringComparison.Ordinal)))
                return type == WeightType.Q8 ? null : WeightType.Q8;
            return TensorNames.IsSsmMatrix(name) || name.Contains("embed_tokens", StringComparison.Ordinal) ? WeightType.Q8 : type;
        };

        void Compare(string what, Func<string, WeightType?> recipe, Calibration? calibration = null)
        {
            using HymbaModel model = HymbaModel.Load(folder, new HymbaModelOptions { UseCache = false, Recipe = recipe, Calibration = calibration });
            ModelComparison result = ModelComparison.Run(reference, model, tokens);
            Console.WriteLine($"{what}: {result.MeanDivergence:0.000000} nats, 99 % below {result.HighDivergence:0.0000}, same top {result.SameTop:0.00 %}");
        }
    }
}
