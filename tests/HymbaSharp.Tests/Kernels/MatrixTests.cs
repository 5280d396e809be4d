using HymbaSharp.Kernels;

namespace HymbaSharp.Tests.Kernels;

public sealed unsafe class MatrixTests
{
    [Fact]
    public void Slices_are_views_of_the_same_rows()
    {
        using GuardedMatrix memory = new GuardedMatrix(3, 5, gap: 2).Fill([.. Enumerable.Range(0, 15).Select(i => (float)i)]);
        Matrix matrix = memory;
        Assert.Equal([5f, 6f, 7f, 8f, 9f], matrix.Row(1).ToArray());
        Assert.Equal([6f, 7f], matrix.Slice(1, 2).Row(1).ToArray());
        Assert.Equal([10f, 11f, 12f, 13f, 14f], matrix.SliceRows(2, 1).Row(0).ToArray());
        Assert.Equal((0, 5), (matrix.SliceRows(3, 0).Rows, matrix.SliceRows(3, 0).Columns));
        Assert.Equal(0, matrix.Slice(5, 0).Columns);
    }

    [Fact]
    public void What_lies_outside_is_refused()
    {
        using GuardedMatrix memory = new(3, 5);
        Matrix matrix = memory;
        Assert.Throws<ArgumentOutOfRangeException>(() => matrix.Row(3).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => matrix.Row(-1).Length);
        foreach ((int start, int count) in (ReadOnlySpan<(int, int)>)[(0, 6), (5, 1), (-1, 2), (1, -1), (int.MaxValue, int.MaxValue)])
            Assert.Throws<ArgumentOutOfRangeException>(() => matrix.Slice(start, count));
        foreach ((int start, int count) in (ReadOnlySpan<(int, int)>)[(0, 4), (3, 1), (-1, 2), (1, -1), (int.MaxValue, int.MaxValue)])
            Assert.Throws<ArgumentOutOfRangeException>(() => matrix.SliceRows(start, count));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Matrix(null, 1, 3, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Matrix(null, -1, 3, 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Matrix(null, 1, -3, 3));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1000)]
    public void A_buffer_is_aligned_and_its_bounds_are_kept(int bytes)
    {
        using NativeBuffer buffer = new(bytes);
        Assert.Equal(0, (nint)buffer.Floats % NativeBuffer.Alignment);
        buffer.AsSpan(0, bytes).Fill(7);
        Assert.Equal(bytes, buffer.AsSpan(0, bytes).Count((byte)7));
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.AsSpan(0, bytes + 1).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.AsSpan(-1, 1).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.AsSpan(bytes, 1).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.AsSpan(0, -1).Length);
        buffer.Dispose();
    }

    [Fact]
    public void Scratch_grows_to_the_most_ever_asked_for()
    {
        using KernelContext context = new(KernelPath.Scalar, new HymbaSharp.Threading.WorkerPool(2));
        context.ReserveWorkerScratch(100);
        Assert.True(context.WorkerScratch(0) != context.WorkerScratch(1));
        float* shared = context.SharedScratch(1000), first = context.WorkerScratch(0);
        context.ReserveWorkerScratch(50);
        Assert.True(shared == context.SharedScratch(10) && first == context.WorkerScratch(0));
        new Span<float>(context.SharedScratch(100_000), 100_000).Fill(1f);
        Assert.Equal(0, (nint)context.SharedScratch(1) % NativeBuffer.Alignment);
    }
}
