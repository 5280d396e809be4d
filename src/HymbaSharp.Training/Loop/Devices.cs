using System.Diagnostics;
using System.Globalization;
using HymbaSharp.Diagnostics;
using HymbaSharp.Training.Operations;
using TorchSharp;
using static TorchSharp.torch;

namespace HymbaSharp.Training.Loop;

/// <summary>Where a run computes.</summary>
internal static class Devices
{
    private const int MatrixSize = 4096;

    /// <summary>The device of a name: cpu, cuda or cuda:N.</summary>
    /// <exception cref="TrainingException">There is no such device.</exception>
    public static Device Find(string name)
    {
        if (name == "cpu")
            return CPU;
        string[] parts = name.Split(':');
        int index = 0;
        bool isNamed = parts[0] == "cuda" && (parts.Length == 1 || (parts.Length == 2 && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out index)));
        if (!isNamed)
            throw new TrainingException($"run.device is {name}; allowed are cpu, cuda and cuda:N.");
        if (!cuda.is_available())
            throw new TrainingException($"run.device is {name}, but no CUDA device can be used: there is none, or the tool was built without -p:LibTorch=cuda.");
        if (index >= cuda.device_count())
            throw new TrainingException($"run.device is {name}; there are {cuda.device_count()} CUDA devices, from cuda:0 on.");
        return new Device(DeviceType.CUDA, index);
    }

    /// <summary>The float32 operations per second that the device reaches at best, measured: registers alone on the processor, a large product elsewhere.</summary>
    public static double MeasurePeak(Device device)
    {
        if (device.type == DeviceType.CPU)
        {
            lock (CpuTensors.Gate)
                return Enumerable.Range(0, 3).Max(_ => MachineSpeed.FloatOperationsPerSecond(CpuTensors.Kernels.Pool, CpuTensors.Kernels.Path));
        }
        using var scope = NewDisposeScope();
        Tensor a = rand(MatrixSize, MatrixSize, device: device), b = rand_like(a);
        _ = a.matmul(b).sum().cpu();
        long start = Stopwatch.GetTimestamp();
        _ = a.matmul(b).sum().cpu();
        return 2.0 * MatrixSize * MatrixSize * MatrixSize / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
