using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using HymbaSharp.Configuration;
using HymbaSharp.Kernels;
using HymbaSharp.State;

namespace HymbaSharp.Tests.State;

public sealed unsafe class SequenceStateTests
{
    private const int Rows = KeyValuePage.Rows;

    // Five layers that each own keys and values; 0, 2 and 4 are global.
    private const int Owners = 5, Context = 1000;

    [Fact]
    public void A_new_state_is_empty_and_zero()
    {
        using StateShape shape = Shape(metaTokens: 16, window: 16);
        using SequenceState state = new(shape);
        Assert.Equal((0, -16), (state.Position, state.TokenCount));
        Assert.Equal(-1, state.Recurrent.IndexOfAnyExcept(0f));
        Assert.Equal(5 * ((3 * 256) + (16 * 256)), state.Recurrent.Length);
        Assert.Equal(0, shape.Pages.Bytes);
        Assert.All(Enumerable.Range(0, Owners), owner => Assert.Empty(PagesOf(state, owner)));
    }

    [Fact]
    public void Layers_have_their_own_tail_and_scan_state()
    {
        using StateShape shape = Shape(metaTokens: 16, window: 16);
        using SequenceState state = new(shape);
        for (int layer = 0; layer < Owners; layer++)
        {
            new Span<float>(state.Tail(layer), (int)shape.TailFloats).Fill(layer + 1);
            new Span<float>(state.ScanState(layer), (int)shape.ScanFloats).Fill(-layer - 1);
        }
        float[] expected = [.. Enumerable.Range(1, Owners).SelectMany(n => Enumerable.Repeat((float)n, (int)shape.TailFloats).Concat(Enumerable.Repeat((float)-n, (int)shape.ScanFloats)))];
        Assert.Equal(expected, state.Recurrent.ToArray());
    }

    [Theory]
    [InlineData(16, 16)]
    [InlineData(0, 1)]
    [InlineData(0, 64)]
    [InlineData(70, 100)]
    [InlineData(128, 63)]
    [InlineData(64, 65)]
    public void Keeps_meta_tokens_and_window_and_lets_the_rest_go(int metaTokens, int window)
    {
        using StateShape shape = Shape(metaTokens, window);
        foreach (int step in (int[])[1, 7, 64, 150])
        {
            using SequenceState state = new(shape);
            while (state.TokenCount + step <= 700)
            {
                state.Reserve(step);
                int written = state.Position + step;
                for (int owner = 0; owner < Owners; owner++)
                    Assert.Subset(PagesOf(state, owner), Needed(shape, owner, state.Position, written));
                state.Advance(step);
                for (int owner = 0; owner < Owners; owner++)
                    Assert.Equal(Needed(shape, owner, written, written), PagesOf(state, owner));
            }
        }
    }

    [Fact]
    public void Pages_let_go_are_used_again()
    {
        using StateShape shape = Shape(metaTokens: 0, window: 16);
        using SequenceState state = new(shape);
        Step(state, 200);
        long bytes = shape.Pages.Bytes;
        state.Dispose();
        for (int i = 0; i < 10; i++)
        {
            using SequenceState next = new(shape);
            Step(next, 200);
            Assert.Equal(bytes, shape.Pages.Bytes);
        }
    }

    [Fact]
    public void A_fork_shares_pages_until_one_of_the_two_writes()
    {
        using StateShape shape = Shape(metaTokens: 16, window: 16);
        using SequenceState state = new(shape);
        Step(state, 100);
        Mark(state, 99, 1f);
        state.Recurrent.Fill(1f);
        long bytes = shape.Pages.Bytes, perPage = bytes / (Owners * 2);

        using SequenceState fork = state.Fork();
        Assert.Equal((100, 84), (fork.Position, fork.TokenCount));
        Assert.Equal(bytes, shape.Pages.Bytes);
        for (int owner = 0; owner < Owners; owner++)
            Assert.Equal(Addresses(state, owner), Addresses(fork, owner));

        // The page of positions 64 … 127 is copied for each owner, and only by the one that writes.
        fork.Reserve(1);
        Assert.Equal(bytes + (Owners * perPage), shape.Pages.Bytes);
        for (int owner = 0; owner < Owners; owner++)
        {
            Assert.Equal(Addresses(state, owner)[0], Addresses(fork, owner)[0]);
            Assert.NotEqual(Addresses(state, owner)[1], Addresses(fork, owner)[1]);
        }
        Assert.Equal(Marks(state, 99), Marks(fork, 99));
        Mark(fork, 99, 2f);
        fork.Recurrent.Fill(2f);
        Assert.All(Marks(state, 99), mark => Assert.Equal(1f, mark));
        Assert.Equal(-1, state.Recurrent.IndexOfAnyExcept(1f));

        // The original now holds its page alone.
        state.Reserve(1);
        Assert.Equal(bytes + (Owners * perPage), shape.Pages.Bytes);
    }

    [Fact]
    public void A_fork_outlives_its_source_and_inherits_its_pages_without_a_copy()
    {
        using StateShape shape = Shape(metaTokens: 16, window: 16);
        SequenceState state = new(shape);
        Step(state, 100);
        Mark(state, 99, 3f);
        long bytes = shape.Pages.Bytes;
        nint[][] pages = [.. Enumerable.Range(0, Owners).Select(owner => Addresses(state, owner))];
        using SequenceState fork = state.Fork();
        state.Dispose();
        Assert.Throws<ObjectDisposedException>(() => state.Fork());
        Assert.Throws<ObjectDisposedException>(() => state.Reserve(1));
        Step(fork, 20);
        Assert.All(Marks(fork, 99), mark => Assert.Equal(3f, mark));
        Assert.Equal(bytes, shape.Pages.Bytes);
        Assert.Equal(pages, Enumerable.Range(0, Owners).Select(owner => Addresses(fork, owner)));
    }

    [Fact]
    public void Many_forks_cost_one_page_each_and_give_it_back()
    {
        using StateShape shape = Shape(metaTokens: 16, window: 16);
        using SequenceState state = new(shape);
        Step(state, 100);
        long bytes = shape.Pages.Bytes, perPage = bytes / (Owners * 2);
        SequenceState[] forks = [.. Enumerable.Range(0, 6).Select(_ => state.Fork())];
        foreach (SequenceState fork in forks)
            fork.Reserve(3);
        Assert.Equal(bytes + (forks.Length * Owners * perPage), shape.Pages.Bytes);
        foreach (SequenceState fork in forks)
            fork.Dispose();
        using SequenceState again = state.Fork();
        again.Reserve(3);
        Assert.Equal(bytes + (forks.Length * Owners * perPage), shape.Pages.Bytes);
    }

    [Fact]
    public void Forks_on_many_threads_keep_the_counts()
    {
        StateShape shape = Shape(metaTokens: 16, window: 16);
        SequenceState state = new(shape);
        Step(state, 100);
        Mark(state, 99, 4f);
        int wrong = 0;
        Thread[] threads = [.. Enumerable.Range(0, 4).Select(seed => new Thread(() => ForkOften(seed)))];
        foreach (Thread thread in threads)
            thread.Start();
        foreach (Thread thread in threads)
            thread.Join();
        Assert.Equal(0, wrong);
        Assert.All(Marks(state, 99), mark => Assert.Equal(4f, mark));
        state.Dispose();
        shape.Dispose();
        Assert.Equal(0, shape.Pages.Bytes);

        void ForkOften(int seed)
        {
            for (int i = 0; i < 300; i++)
            {
                using SequenceState fork = state.Fork();
                using SequenceState child = fork.Fork();
                Step(fork, 1);
                Mark(fork, 99, seed);
                Step(child, 30);
                if (Marks(child, 99).Any(mark => mark != 4f) || Marks(fork, 99).Any(mark => mark != seed))
                    Interlocked.Increment(ref wrong);
            }
        }
    }

    [Fact]
    public void A_forgotten_state_gives_its_pages_back_when_it_is_collected()
    {
        using StateShape shape = Shape(metaTokens: 16, window: 16);
        Forget(shape);
        long bytes = shape.Pages.Bytes;
        GC.Collect();
        GC.WaitForPendingFinalizers();
        using SequenceState next = new(shape);
        Step(next, 100);
        Assert.Equal(bytes, shape.Pages.Bytes);
    }

    [Fact]
    public void A_state_that_cannot_be_made_fails_alone()
    {
        // Page tables of more than 2³¹ entries.
        using StateShape shape = Shape(metaTokens: 16, window: 16, contextLength: 1 << 30, ("num_hidden_layers", 150), ("layer_type", null), ("conv_dim", null));
        Attempt(shape);
        // A finaliser that throws would end the process here.
        GC.Collect();
        GC.WaitForPendingFinalizers();

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Attempt(StateShape shape) => Assert.Throws<OverflowException>(() => new SequenceState(shape));
    }

    [Fact]
    public void Pages_are_freed_at_once_or_when_the_last_state_lets_go()
    {
        StateShape shape = Shape(metaTokens: 16, window: 16);
        SequenceState first = new(shape), second = new(shape);
        Step(first, 100);
        Step(second, 100);
        SequenceState fork = second.Fork();
        long bytes = shape.Pages.Bytes;
        first.Dispose();
        Assert.Equal(bytes, shape.Pages.Bytes);
        shape.Dispose();
        Assert.Equal(bytes / 2, shape.Pages.Bytes);
        second.Dispose();
        Assert.Equal(bytes / 2, shape.Pages.Bytes);
        Assert.All(Marks(fork, 99), mark => Assert.Equal(0f, mark));
        fork.Dispose();
        fork.Dispose();
        Assert.Equal(0, shape.Pages.Bytes);
        Assert.Throws<ObjectDisposedException>(() => shape.Pages.Rent());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    [InlineData(int.MaxValue)]
    public void More_tokens_than_the_context_holds_are_refused_and_change_nothing(int more)
    {
        using StateShape shape = Shape(metaTokens: 16, window: 16);
        using SequenceState state = new(shape);
        Step(state, 16 + Context);
        ContextLengthException error = Assert.Throws<ContextLengthException>(() => state.Reserve(more));
        Assert.Equal((Context, Context), (error.Used, error.Limit));
        Assert.Equal(16 + Context, state.Position);

        using SequenceState shorter = new(shape);
        Step(shorter, 16 + Context - 1);
        error = Assert.Throws<ContextLengthException>(() => shorter.Reserve(Math.Max(more, 2)));
        Assert.Equal(Context - 1, error.Used);
        shorter.Reserve(1);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Forget(StateShape shape) => Step(new SequenceState(shape), 100);

    /// <summary>Reserves, writes zeros into and moves past positions, as a step does.</summary>
    private static void Step(SequenceState state, int count)
    {
        int first = state.Position;
        state.Reserve(count);
        for (int position = first; position < first + count; position++)
            Mark(state, position, position == 99 ? Marks(state, position)[0] : 0f);
        state.Advance(count);
    }

    /// <summary>Writes into every owner's first key of a position.</summary>
    private static void Mark(SequenceState state, int position, float value)
    {
        for (int owner = 0; owner < Owners; owner++)
            state.Pages(owner)[position / Rows][position % Rows] = value;
    }

    private static float[] Marks(SequenceState state, int position)
    {
        float[] marks = new float[Owners];
        for (int owner = 0; owner < Owners; owner++)
            marks[owner] = state.Pages(owner)[position / Rows][position % Rows];
        return marks;
    }

    private static HashSet<int> PagesOf(SequenceState state, int owner)
    {
        HashSet<int> pages = [];
        for (int page = 0; page < Context / Rows; page++)
        {
            if (state.Pages(owner)[page] is not null)
                _ = pages.Add(page);
        }
        return pages;
    }

    private static nint[] Addresses(SequenceState state, int owner) => [.. PagesOf(state, owner).Select(page => (nint)state.Pages(owner)[page])];

    /// <summary>The pages with a position below <paramref name="written"/> that a query from <paramref name="position"/> on may see.</summary>
    private static HashSet<int> Needed(StateShape shape, int owner, int position, int written)
    {
        HashSet<int> pages = [];
        for (int b = 0; b < written; b++)
        {
            if (shape.Config.IsGlobal(shape.Owners[owner]) || b < shape.Config.MetaTokens || position - b <= shape.Config.SlidingWindow)
                _ = pages.Add(b / Rows);
        }
        return pages;
    }

    private static StateShape Shape(int metaTokens, int window, int contextLength = Context, params (string Key, JsonNode? Value)[] changes)
    {
        JsonNode json = JsonNode.Parse(File.ReadAllBytes(Path.Combine(TestData.Reference("bf16-grouped-query"), HymbaConfig.FileName)))!;
        json["num_memory_tokens"] = metaTokens;
        json["sliding_window"] = window;
        foreach ((string key, JsonNode? value) in changes)
            json[key] = value;
        return new StateShape(HymbaConfig.Parse(System.Text.Encoding.UTF8.GetBytes(json.ToJsonString()), "test"), contextLength);
    }
}
