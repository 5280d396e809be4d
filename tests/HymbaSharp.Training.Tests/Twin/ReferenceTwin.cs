using HymbaSharp.Checkpoints;
using HymbaSharp.Configuration;
using HymbaSharp.Training.Twin;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace HymbaSharp.Training.Tests.Twin;

/// <summary>The twin of a committed reference model, with what the original implementation computes from it.</summary>
internal sealed class ReferenceTwin : IDisposable
{
    private readonly string _folder;

    public ReferenceTwin(string name, ScalarType type = ScalarType.Float32, bool checkpoints = false, Device? device = null)
    {
        _folder = TestData.Reference(name);
        Config = HymbaConfig.Load(_folder);
        using Checkpoint checkpoint = Checkpoint.Open(_folder);
        Parameters = TwinParameters.Load(checkpoint, Config, type, device);
        Twin = new HymbaTwin(Config, Parameters) { CheckpointsActivations = checkpoints };
        InputIds = [.. Integers("expected.safetensors", "input_ids").Select(id => (int)id)];
    }

    public HymbaConfig Config { get; }

    public TwinParameters Parameters { get; }

    public HymbaTwin Twin { get; }

    public int[] InputIds { get; }

    public float[] Singles(string file, string name)
    {
        using SafetensorsFile opened = SafetensorsFile.Open(Path.Combine(_folder, file));
        Assert.True(opened.TryGet(name, out HymbaSharp.Checkpoints.Tensor? tensor));
        return tensor.ToSingles();
    }

    public long[] Integers(string file, string name)
    {
        using SafetensorsFile opened = SafetensorsFile.Open(Path.Combine(_folder, file));
        Assert.True(opened.TryGet(name, out HymbaSharp.Checkpoints.Tensor? tensor));
        return tensor.ToInt64s();
    }

    /// <summary>‖actual − expected‖ / ‖expected‖.</summary>
    public static double RelativeError(Tensor actual, float[] expected)
    {
        using var scope = NewDisposeScope();
        Tensor reference = from_array(expected).to(ScalarType.Float64), difference = actual.detach().to(ScalarType.Float64, CPU).flatten() - reference;
        return (difference.norm() / reference.norm()).item<double>();
    }

    public void Dispose() => Parameters.Dispose();
}
