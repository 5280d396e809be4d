using HymbaSharp.Kernels;
using HymbaSharp.Threading;

namespace HymbaSharp.Tests.Kernels;

public sealed unsafe class SelectiveScanTests
{
    [Theory]
    [ClassData(typeof(EachPath))]
    public void Scans_every_number_of_channels_and_leaves_the_state(KernelPath path)
    {
        using KernelContext context = new(path, new WorkerPool(2));
        foreach (int channels in Enumerable.Range(1, 256).Append(257).Append(300).Append(530))
        {
            ScanCase sample = new(channels, states: 1 + (channels % 17), rows: 1 + (channels % 7), seed: channels);
            ScanCase.Result result = sample.Run(context, [sample.Rows], gap: channels % 4, (Edge)(channels % 2));
            (double[] y, double[] yAllowed, double[] state, double[] stateAllowed) = sample.Exact();
            Precise.AssertWithin(result.Y, i => y[i], i => yAllowed[i], $"y of {sample.Rows} × {channels} × {sample.States}");
            Precise.AssertWithin(result.State, i => state[i], i => stateAllowed[i], $"h of {sample.Rows} × {channels} × {sample.States}");
        }
    }

    [Theory]
    [ClassData(typeof(EachPath))]
    public void Any_cut_gives_the_same_bits_as_one_pass(KernelPath path)
    {
        using KernelContext context = new(path, new WorkerPool(2));
        const int rows = 13;
        ScanCase sample = new(channels: 37, states: 16, rows, seed: 5);
        ScanCase.Result whole = sample.Run(context, [rows]);
        for (int cut = 1; cut < rows; cut++)
            whole.AssertSame(sample.Run(context, [cut, rows - cut]));
        whole.AssertSame(sample.Run(context, [.. Enumerable.Repeat(1, rows)]));
    }

    [Theory]
    [ClassData(typeof(EachPath))]
    public void Results_may_lie_over_the_inputs_or_the_time_steps(KernelPath path)
    {
        using KernelContext context = new(path, new WorkerPool(2));
        ScanCase sample = new(channels: 77, states: 16, rows: 9, seed: 6);
        ScanCase.Result apart = sample.Run(context, [9]);
        apart.AssertSame(sample.Run(context, [9], over: ScanCase.Over.Inputs));
        apart.AssertSame(sample.Run(context, [9], over: ScanCase.Over.TimeSteps));
    }

    [Theory]
    [ClassData(typeof(EachPath))]
    public void Slices_of_a_batch_do_not_touch_each_other_nor_do_threads(KernelPath path)
    {
        const int channels = 530;
        int[] counts = [3, 1, 7];
        ScanCase sample = new(channels, states: 5, rows: 11, seed: 7);
        using KernelContext alone = new(path, new WorkerPool(1));
        foreach (int threads in (int[])[1, 2, 3, 7])
        {
            using KernelContext context = new(path, new WorkerPool(threads));
            ScanCase.Result[] batch = sample.RunAsSlices(context, counts);
            int start = 0;
            for (int i = 0; i < counts.Length; i++)
            {
                ScanCase rows = sample.TakeRows(start, counts[i]);
                rows.Run(alone, [counts[i]]).AssertSame(batch[i]);
                start += counts[i];
            }
        }
    }

    [Theory]
    [ClassData(typeof(EachPath))]
    public void Treats_special_values_as_the_scalar_twin_does(KernelPath path)
    {
        using KernelContext context = new(path, new WorkerPool(1)), twin = new(KernelPath.Scalar, new WorkerPool(1));
        float[] specials = [0f, -0f, float.NaN, float.PositiveInfinity, float.NegativeInfinity, 1e-40f, 1e-30f, 1e30f, 88.3f, 104f];
        for (int channels = 1; channels <= 70; channels++)
        {
            foreach (ScanCase.Operand operand in Enum.GetValues<ScanCase.Operand>())
            {
                float special = specials[(channels + (int)operand) % specials.Length];
                ScanCase sample = new ScanCase(channels, states: 3, rows: 4, seed: channels).With(operand, special, at: channels);
                ScanCase.Result result = sample.Run(context, [4]), expected = sample.Run(twin, [4]);
                (_, double[] yAllowed, _, double[] stateAllowed) = sample.Exact();
                string what = $"{special} in {operand} of {channels} channels";
                Precise.AssertWithin(result.Y, i => expected.Y[i], i => 2 * yAllowed[i], what);
                Precise.AssertWithin(result.State, i => expected.State[i], i => 2 * stateAllowed[i], what);
            }
        }
    }

    [Fact]
    public void Refuses_operands_of_different_shapes()
    {
        using KernelContext context = new(KernelPath.Scalar, new WorkerPool(1));
        using GuardedMatrix a = new(2, 3), wide = new(4, 3), narrow = new(4, 2), low = new(3, 3), lowStates = new(3, 2);
        ScanOperands fitting = new() { A = a, Delta = wide, C = wide, Gate = wide, Y = wide, InputB = narrow, OutputC = narrow };
        SelectiveScan.Apply(context, fitting, []);
        ScanOperands[] refused =
        [
            fitting with { Delta = narrow }, fitting with { C = narrow }, fitting with { Gate = narrow }, fitting with { Y = narrow },
            fitting with { InputB = wide }, fitting with { OutputC = wide },
            fitting with { Delta = low }, fitting with { C = low }, fitting with { Gate = low }, fitting with { Y = low },
            fitting with { InputB = lowStates }, fitting with { OutputC = lowStates },
        ];
        Assert.All(refused, operands => Assert.Throws<ArgumentException>(() => SelectiveScan.Apply(context, operands, [])));
    }
}
