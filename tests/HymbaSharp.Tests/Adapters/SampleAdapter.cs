using HymbaSharp.Adapters;
using HymbaSharp.Checkpoints;
using HymbaSharp.Configuration;

namespace HymbaSharp.Tests.Adapters;

/// <summary>Random adapters for the reference models, strong enough to change what they say.</summary>
internal static class SampleAdapter
{
    public static readonly AdapterConfig Lora = new() { Rank = 3, Alpha = 6 };

    public static readonly AdapterConfig Dora = new() { Rank = 5, Alpha = 5, Dora = true };

    /// <summary>Writes an adapter of every matrix that is adapted, and the tensors it holds whole.</summary>
    /// <param name="folder">Where its folder goes.</param>
    /// <param name="model">The reference model it is for.</param>
    /// <param name="config">Rank, alpha and method.</param>
    /// <param name="seed">What it is drawn from; also its folder's name.</param>
    /// <param name="up">The largest element of B.</param>
    /// <param name="adapts">Which modules; default: all.</param>
    /// <param name="type">The type it is stored in.</param>
    /// <param name="whole">Tensors held whole, by the checkpoint's names.</param>
    public static AdapterReference Write(
        TemporaryFolder folder,
        string model,
        AdapterConfig config,
        int seed,
        float up = 0.2f,
        Func<string, bool>? adapts = null,
        ElementType type = ElementType.F32,
        params string[] whole)
    {
        HymbaConfig hymba = HymbaConfig.Load(TestData.Reference(model));
        string path = folder.File($"adapter-{seed}");
        AdapterWriter.Write(path, hymba, config, Tensors(model, hymba, config, new Random(seed), up, adapts ?? (_ => true), whole), type);
        return new AdapterReference(path);
    }

    /// <summary>The lengths of a matrix's rows.</summary>
    public static double[] Norms(Tensor matrix)
    {
        float[] values = matrix.ToSingles();
        return [.. values.Chunk((int)matrix.Shape[1]).Select(row => Math.Sqrt(row.Sum(value => (double)value * value)))];
    }

    private static List<AdapterTensor> Tensors(
        string model, HymbaConfig hymba, AdapterConfig config, Random random, float up, Func<string, bool> adapts, string[] whole)
    {
        using Checkpoint checkpoint = Checkpoint.Open(TestData.Reference(model));
        Dictionary<string, long[]> shapes = TensorNames.Expected(hymba).ToDictionary(tensor => tensor.Name, tensor => tensor.Shape);
        List<AdapterTensor> tensors = [];
        foreach (string module in AdapterModules.Of(hymba).Where(adapts))
        {
            long[] shape = shapes[AdapterModules.WeightOf(module)];
            int rank = config.RankOf(module);
            Add(AdapterTensorNames.Down(module), [rank, shape[1]], () => Uniform(random, 1 / MathF.Sqrt(shape[1])));
            Add(AdapterTensorNames.Up(module), [shape[0], rank], () => Uniform(random, up));
            if (!config.Dora)
                continue;
            double[] norms = Norms(checkpoint.Get(AdapterModules.WeightOf(module), shape));
            int row = 0;
            Add(AdapterTensorNames.Magnitudes(module), [shape[0]], () => (float)(norms[row++] * (1 + (up == 0 ? 0 : Uniform(random, 0.3f)))));
        }
        foreach (string name in whole)
        {
            float[] values = checkpoint.Get(name, shapes[name]).ToSingles();
            int next = 0;
            Add(AdapterTensorNames.Whole(name), shapes[name], () => values[next++] + Uniform(random, 0.5f));
        }
        return tensors;

        void Add(string name, long[] shape, Func<float> draw)
        {
            float[] values = new float[shape.Aggregate(1L, (product, size) => product * size)];
            for (int i = 0; i < values.Length; i++)
                values[i] = draw();
            tensors.Add(new AdapterTensor(name, [.. shape], values));
        }
    }

    private static float Uniform(Random random, float most) => most * ((2 * random.NextSingle()) - 1);
}
