using HymbaSharp.Kernels;
using HymbaSharp.Threading;
using HymbaSharp.Training.Kernels;

namespace HymbaSharp.Training.Tests.Kernels;

public sealed class ScanKernelTests
{
    private const int Chunk = ScanKernel.ChunkRows;

    [Theory]
    [ClassData(typeof(EachPath))]
    public void Results_and_gradients_of_any_number_of_channels_are_within_rounding_of_a_plain_computation(KernelPath path)
    {
        using KernelContext context = new(path, new WorkerPool(2));
        foreach (int channels in (int[])[1, 2, 3, 4, 5, 7, 8, 9, 13, 15, 16, 17, 23, 31, 33, 63, 64, 65, 79, 100, 129])
            AssertExact(context, new ScanCase(channels, states: 1 + (channels % 5), [2, 1, 1 + (channels % 7)], seed: channels), gap: channels % 4);
    }

    [Theory]
    [ClassData(typeof(EachPath))]
    public void Chunk_borders_leave_no_trace(KernelPath path)
    {
        using KernelContext context = new(path, new WorkerPool(2));
        foreach (int[] counts in (int[][])[[Chunk - 1], [Chunk], [Chunk + 1], [2 * Chunk], [(2 * Chunk) + 1], [1, Chunk + 1, Chunk, 3], [5, (3 * Chunk) - 1, 1]])
            AssertExact(context, new ScanCase(channels: 19, states: 3, counts, seed: counts[0]), gap: 1);
    }

    [Theory]
    [InlineData(1, 1, new[] { 1 })]
    [InlineData(3, 2, new[] { 4, 1, 3 })]
    [InlineData(2, 3, new[] { 1, Chunk + 2 })]
    public void Gradients_in_double_are_those_of_the_results_in_double(int channels, int states, int[] counts)
    {
        using KernelContext context = new(KernelPath.Scalar, new WorkerPool(1));
        ScanCase sample = new(channels, states, counts, seed: channels);
        ScanCase.Results<double> results = sample.Run<double>(context);
        double Loss() => sample.Loss(context);
        CentralDifferences.AssertGradient(sample.A, results.A, Loss, "A");
        CentralDifferences.AssertGradient(sample.Skip, results.Skip, Loss, "D");
        CentralDifferences.AssertGradient(sample.Delta, results.Delta, Loss, "Δ");
        CentralDifferences.AssertGradient(sample.DeltaBias, results.DeltaBias, Loss, "the bias of Δ");
        CentralDifferences.AssertGradient(sample.C, results.C, Loss, "c");
        CentralDifferences.AssertGradient(sample.InputB, results.InputB, Loss, "B");
        CentralDifferences.AssertGradient(sample.OutputC, results.OutputC, Loss, "C");
        CentralDifferences.AssertGradient(sample.Gate, results.Gate, Loss, "the gate");
    }

    [Theory]
    [ClassData(typeof(EachPath))]
    public void Any_number_of_threads_gives_the_same_bits(KernelPath path)
    {
        ScanCase sample = new(channels: 200, states: 5, [3, 1, 40], seed: 1);
        using KernelContext alone = new(path, new WorkerPool(1));
        ScanCase.Results<float> expected = sample.Run<float>(alone);
        foreach (int threads in (int[])[2, 3, 7])
        {
            using KernelContext context = new(path, new WorkerPool(threads));
            sample.Run<float>(context).AssertSame(expected);
        }
    }

    [Theory]
    [ClassData(typeof(EachPath))]
    public void Documents_packed_give_the_same_bits_as_alone(KernelPath path)
    {
        using KernelContext context = new(path, new WorkerPool(2));
        ScanCase packed = new(channels: 77, states: 4, [Chunk + 3, 1, 7, 2 * Chunk], seed: 2);
        ScanCase.Results<float> all = packed.Run<float>(context);
        for (int i = 0; i < packed.Documents.Length; i++)
        {
            RowRange rows = packed.Documents[i];
            ScanCase.Results<float> alone = packed.Alone(i).Run<float>(context);
            Assert.Equal(alone.Y, all.Y[(rows.Start * 77)..(rows.End * 77)]);
            Assert.Equal(alone.Delta, all.Delta[(rows.Start * 77)..(rows.End * 77)]);
            Assert.Equal(alone.C, all.C[(rows.Start * 77)..(rows.End * 77)]);
            Assert.Equal(alone.Gate, all.Gate[(rows.Start * 77)..(rows.End * 77)]);
            Assert.Equal(alone.InputB, all.InputB[(rows.Start * 4)..(rows.End * 4)]);
            Assert.Equal(alone.OutputC, all.OutputC[(rows.Start * 4)..(rows.End * 4)]);
        }
    }

    [Theory]
    [ClassData(typeof(EachPath))]
    public void Results_do_not_depend_on_keeping_states(KernelPath path)
    {
        using KernelContext context = new(path, new WorkerPool(2));
        ScanCase sample = new(channels: 35, states: 3, [Chunk + 1], seed: 3);
        Assert.Equal(sample.Run<float>(context).Y, sample.Run<float>(context, keepStates: false).Y);
    }

    [Fact]
    public unsafe void Operands_of_other_shapes_are_refused()
    {
        using KernelContext context = new(KernelPath.Scalar, new WorkerPool(1));
        using TestMatrix<float> a = new(2, 3), vector = new(1, 3), wide = new(4, 3), narrow = new(4, 2), low = new(3, 3), lowStates = new(3, 2);
        ScanOperands<float> fitting = new() { A = a, Skip = vector, Delta = wide, DeltaBias = vector, C = wide, Gate = wide, Y = wide, InputB = narrow, OutputC = narrow };
        ScanGradients<float> gradients = new() { Y = wide, A = a, Skip = vector, Delta = wide, DeltaBias = vector, C = wide, InputB = narrow, OutputC = narrow, Gate = wide };
        RowRange[] documents = [new(0, 4)];
        ScanKernel.Forward(context, fitting, documents);
        ScanKernel.Backward(context, fitting, gradients, documents);
        ScanOperands<float>[] refused =
        [
            fitting with { Skip = wide }, fitting with { DeltaBias = narrow }, fitting with { Delta = narrow }, fitting with { Gate = low }, fitting with { Y = low },
            fitting with { InputB = lowStates }, fitting with { OutputC = wide }, fitting with { C = low }, fitting with { Delta = default },
        ];
        Assert.All(refused, operands => Assert.Throws<ArgumentException>(() => ScanKernel.Forward(context, operands, documents)));
        ScanGradients<float>[] refusedGradients =
        [
            gradients with { Y = low }, gradients with { A = low }, gradients with { Skip = wide }, gradients with { Delta = narrow }, gradients with { DeltaBias = a },
            gradients with { C = low }, gradients with { InputB = lowStates }, gradients with { OutputC = wide }, gradients with { Gate = default },
        ];
        Assert.All(refusedGradients, wrong => Assert.Throws<ArgumentException>(() => ScanKernel.Backward(context, fitting, wrong, documents)));
    }

    [Fact]
    public void A_buffer_for_other_states_than_the_rows_need_is_refused()
    {
        using KernelContext context = new(KernelPath.Scalar, new WorkerPool(1));
        const int rows = (2 * Chunk) + 1;
        using TestMatrix<float> a = new(2, 3), vector = new(1, 3), wide = new(rows, 3), narrow = new(rows, 2), one = new(2, 3), two = new(4, 3);
        ScanOperands<float> operands = new() { A = a, Skip = vector, Delta = wide, DeltaBias = vector, C = wide, Gate = wide, Y = wide, InputB = narrow, OutputC = narrow };
        ScanGradients<float> gradients = new() { Y = wide, A = a, Skip = vector, Delta = wide, DeltaBias = vector, C = wide, InputB = narrow, OutputC = narrow, Gate = wide };
        RowRange[] documents = [new(0, rows)];
        ScanKernel.Forward(context, operands, documents);
        ScanKernel.Forward(context, operands with { States = two }, documents);
        Assert.Throws<ArgumentException>(() => ScanKernel.Forward(context, operands with { States = one }, documents));
        Assert.Throws<ArgumentException>(() => ScanKernel.Backward(context, operands, gradients, documents));
        Assert.Throws<ArgumentException>(() => ScanKernel.Backward(context, operands with { States = one }, gradients, documents));
    }

    [Fact]
    public void Documents_that_overlap_or_leave_rows_out_are_refused()
    {
        RowRange.RequireCover([new(0, 2), new(2, 0), new(2, 3)], 5);
        RowRange.RequireCover([], 0);
        RowRange[][] refused = [[], [new(0, 4)], [new(0, 6)], [new(1, 4)], [new(0, 3), new(2, 3)], [new(0, 2), new(3, 2)], [new(0, 6), new(6, -1)]];
        Assert.All(refused, documents => Assert.Throws<ArgumentException>(() => RowRange.RequireCover(documents, 5)));
    }

    private static void AssertExact(KernelContext context, ScanCase sample, int gap)
    {
        ScanCase.Results<float> results = sample.Run<float>(context, gap);
        foreach (((string name, float[] values), (_, Bounded[] exact)) in results.All.Zip(sample.Exact().All))
            Bounded.AssertWithin(values, exact, $"{name} of {sample.Channels} channels, {sample.States} states, {string.Join(" + ", sample.Documents.Select(d => d.Count))} rows");
    }
}
