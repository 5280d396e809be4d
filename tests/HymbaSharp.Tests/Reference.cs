using HymbaSharp.Checkpoints;
using HymbaSharp.Weights;

namespace HymbaSharp.Tests;

/// <summary>The committed reference models opened as a user opens them, and what the original implementation computes from them.</summary>
internal static class Reference
{
    public const string Shared = "ntk-shared-kv", Grouped = "bf16-grouped-query", Untied = "untied-alternate-kv";

    public static readonly string[] Names = [Shared, Grouped, Untied];

    // Of the logits' standard deviation (docs/numerics.md).
    public const double Tolerance = 1e-4;

    public static TheoryData<string> All => [.. Names];

    /// <summary>Each model as it is stored and in each scheme.</summary>
    public static TheoryData<string, QuantizationScheme?> EachQuantised
    {
        get
        {
            TheoryData<string, QuantizationScheme?> data = [];
            foreach (string name in Names)
            {
                foreach (QuantizationScheme? scheme in (QuantizationScheme?[])[null, QuantizationScheme.Q8, QuantizationScheme.Q4])
                    data.Add(name, scheme);
            }
            return data;
        }
    }

    public static HymbaModel Open(string name, int? contextLength = 256, int? prefillRows = null, string? cacheFolder = null, int threads = 2) =>
        HymbaModel.Load(TestData.Reference(name), Options(contextLength, prefillRows, cacheFolder, threads));

    public static HymbaModelOptions Options(int? contextLength = null, int? prefillRows = null, string? cacheFolder = null, int threads = 1) => new()
    {
        ContextLength = contextLength,
        PrefillRows = prefillRows,
        Threads = threads,
        UseCache = cacheFolder is not null,
        CacheFolder = cacheFolder,
    };

    public static int[] Ids(string name, string tensor)
    {
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(TestData.Reference(name), "expected.safetensors"));
        return [.. file.Tensors.Single(t => t.Name == tensor).ToInt64s().Select(id => (int)id)];
    }

    public static float[] Logits(string name)
    {
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(TestData.Reference(name), "expected.safetensors"));
        return file.Tensors.Single(t => t.Name == "logits").ToSingles();
    }

    /// <summary>Ids that look like nothing in particular.</summary>
    public static int[] Text(HymbaModel model, int length, int seed = 1)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, length).Select(_ => random.Next(model.Config.VocabularySize))];
    }

    /// <summary>A copy of the model's checkpoint that a test may damage.</summary>
    public static void Copy(string name, string folder)
    {
        foreach (string file in (string[])["config.json", "model.safetensors"])
            File.Copy(Path.Combine(TestData.Reference(name), file), Path.Combine(folder, file), overwrite: true);
    }

    /// <summary>Passes tokens one by one and returns the logits after each.</summary>
    public static float[][] Steps(HymbaSession session, ReadOnlySpan<int> tokens)
    {
        float[][] logits = new float[tokens.Length][];
        for (int i = 0; i < tokens.Length; i++)
        {
            session.Append(tokens[i]);
            logits[i] = session.Logits.ToArray();
        }
        return logits;
    }
}
