using HymbaSharp.Checkpoints;
using HymbaSharp.Configuration;
using HymbaSharp.Forward;
using HymbaSharp.Kernels;
using HymbaSharp.State;
using HymbaSharp.Threading;
using HymbaSharp.Weights;

namespace HymbaSharp.Tests.Forward;

/// <summary>A reference model opened at one kernel path, with what the original implementation computes from it.</summary>
internal sealed class ReferenceModel : IDisposable
{
    private readonly SafetensorsFile _expected;
    private readonly HymbaWeights _weights;
    private readonly KernelContext _kernels;

    public ReferenceModel(string name, KernelPath path, int maxRows = 128, int threads = 2)
    {
        string folder = TestData.Reference(name);
        Config = HymbaConfig.Load(folder);
        _expected = SafetensorsFile.Open(Path.Combine(folder, "expected.safetensors"));
        _weights = new HymbaWeights(Checkpoint.Open(folder), Config);
        _kernels = new KernelContext(path, new WorkerPool(threads));
        Shape = new StateShape(Config, contextLength: 256);
        Forward = new HymbaForward(Config, _weights, Shape, _kernels, maxRows);
        MetaState = new SequenceState(Shape);
        _ = Step(MetaState, new int[Config.MetaTokens]);
    }

    public static TheoryData<string, KernelPath> All
    {
        get
        {
            TheoryData<string, KernelPath> data = [];
            foreach (string name in (string[])["ntk-shared-kv", "bf16-grouped-query", "untied-alternate-kv"])
            {
                foreach (KernelPath path in KernelPaths.Available)
                    data.Add(name, path);
            }
            return data;
        }
    }

    public HymbaConfig Config { get; }

    public StateShape Shape { get; }

    public HymbaForward Forward { get; }

    public SequenceState MetaState { get; }

    public int[] InputIds => Ids("input_ids");

    public float[] Logits => Expected("logits");

    public int[] Ids(string name) => [.. Tensor(name).ToInt64s().Select(id => (int)id)];

    public float[] Expected(string name) => Tensor(name).ToSingles();

    /// <summary>Advances one sequence and returns the logits of all the tokens given.</summary>
    public float[] Step(SequenceState state, ReadOnlySpan<int> tokens)
    {
        int[] rows = [.. Enumerable.Range(0, tokens.Length)];
        Matrix logits = Forward.Step([new StepSlice(state, tokens.Length)], tokens, rows);
        return Copy(logits);
    }

    public static float[] Copy(Matrix matrix)
    {
        float[] values = new float[matrix.Rows * matrix.Columns];
        for (int row = 0; row < matrix.Rows; row++)
            matrix.Row(row).CopyTo(values.AsSpan(row * matrix.Columns));
        return values;
    }

    /// <summary>The largest difference, in standard deviations of what was expected.</summary>
    public static double Error(ReadOnlySpan<float> actual, ReadOnlySpan<float> expected)
    {
        Assert.Equal(expected.Length, actual.Length);
        double mean = 0, square = 0, largest = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            mean += expected[i];
            square += (double)expected[i] * expected[i];
            double difference = Math.Abs((double)actual[i] - expected[i]);
            largest = double.IsNaN(difference) ? double.PositiveInfinity : Math.Max(largest, difference);
        }
        mean /= expected.Length;
        return largest / Math.Sqrt((square / expected.Length) - (mean * mean));
    }

    public void Dispose()
    {
        MetaState.Dispose();
        Forward.Dispose();
        Shape.Dispose();
        _kernels.Dispose();
        _weights.Dispose();
        _expected.Dispose();
    }

    private Tensor Tensor(string name) => _expected.TryGet(name, out Tensor? tensor) ? tensor : throw new KeyNotFoundException(name);
}
