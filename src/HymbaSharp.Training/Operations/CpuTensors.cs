using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HymbaSharp.Kernels;
using HymbaSharp.Threading;
using HymbaSharp.Training.Kernels;
using static TorchSharp.torch;

namespace HymbaSharp.Training.Operations;

/// <summary>Tensors of the processor's memory as the kernels see them.</summary>
internal static unsafe class CpuTensors
{
    private static readonly Lazy<KernelContext> Shared = new(() => new KernelContext(KernelPaths.Selected, new WorkerPool(get_num_threads())));

    /// <summary>The threads, path and scratch that all operations share: as many threads as the tensor library has when it is first used.</summary>
    public static KernelContext Kernels => Shared.Value;

    /// <summary>Held while kernels run: they share scratch memory, so threads take turns.</summary>
    public static Lock Gate { get; } = new();

    /// <summary>Whether the kernels can compute on the tensor: float32 in the processor's memory.</summary>
    public static bool IsForKernels(Tensor tensor) => tensor.device_type == TorchSharp.DeviceType.CPU && tensor.dtype == ScalarType.Float32;

    /// <summary>A contiguous tensor of two dimensions [rows, columns]; of more, the first ones are taken as one.</summary>
    public static Matrix Matrix(this Tensor tensor)
    {
        int columns = checked((int)tensor.shape[^1]);
        int rows = columns == 0 ? 0 : checked((int)(tensor.numel() / columns));
        return new Matrix(Floats(tensor), rows, columns, columns);
    }

    /// <summary>A contiguous tensor [rows, columns], or [columns] as one row, of float32 or float64.</summary>
    public static MatrixOf<T> MatrixOf<T>(this Tensor tensor) where T : unmanaged
    {
        bool fits = tensor.device_type == TorchSharp.DeviceType.CPU && tensor.is_contiguous() && tensor.element_size() == sizeof(T) && tensor.is_floating_point();
        if (!fits)
            throw new ArgumentException($"A contiguous tensor of {typeof(T).Name} in the processor's memory is needed; this one is {tensor.dtype} on {tensor.device}.");
        int columns = checked((int)tensor.shape[^1]);
        int rows = columns == 0 ? 0 : checked((int)(tensor.numel() / columns));
        return new MatrixOf<T>(tensor.numel() == 0 ? null : (T*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(tensor.bytes)), rows, columns, columns);
    }

    /// <summary>The elements of a contiguous float32 tensor.</summary>
    public static float* Floats(this Tensor tensor)
    {
        if (!IsForKernels(tensor) || !tensor.is_contiguous())
            throw new ArgumentException($"A contiguous float32 tensor of the processor is needed; this one is {tensor.dtype} on {tensor.device}.");
        return (float*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(tensor.bytes));
    }

    /// <summary>The elements of a contiguous float32 tensor of one dimension or more.</summary>
    public static Span<float> Span(this Tensor tensor) => new(Floats(tensor), checked((int)tensor.numel()));
}
