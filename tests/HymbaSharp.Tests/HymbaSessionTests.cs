using HymbaSharp.State;
using HymbaSharp.Tests.Forward;

namespace HymbaSharp.Tests;

public sealed class HymbaSessionTests
{
    public static TheoryData<string> References => Reference.All;

    public static TheoryData<string, int> ReferencesAndRows
    {
        get
        {
            TheoryData<string, int> data = [];
            foreach (string name in Reference.Names)
            {
                foreach (int rows in (int[])[1, 7, 64])
                    data.Add(name, rows);
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(ReferencesAndRows))]
    public void Appending_in_any_pieces_gives_the_original_logits(string name, int prefillRows)
    {
        using HymbaModel model = Reference.Open(name, prefillRows: prefillRows);
        int[] ids = Reference.Ids(name, "input_ids");
        float[] expected = Reference.Logits(name);
        int vocabulary = model.Config.VocabularySize;
        foreach (int piece in (int[])[1, 2, 5, 13, 31, ids.Length])
        {
            using HymbaSession session = model.StartSession();
            for (int start = 0; start < ids.Length; start += piece)
            {
                session.Append(ids.AsSpan(start, Math.Min(piece, ids.Length - start)));
                float[] row = expected[((session.TokenCount - 1) * vocabulary)..(session.TokenCount * vocabulary)];
                Assert.InRange(ReferenceModel.Error(session.Logits, row), 0, Reference.Tolerance);
            }
            Assert.Equal(ids, session.Tokens);
            Assert.Equal(model.ContextLength - ids.Length, session.Remaining);
        }
    }

    [Theory]
    [MemberData(nameof(ReferencesAndRows))]
    public void A_reader_sees_the_logits_after_every_token(string name, int prefillRows)
    {
        using HymbaModel model = Reference.Open(name, prefillRows: prefillRows);
        int[] ids = Reference.Ids(name, "input_ids");
        using HymbaSession session = model.StartSession();
        List<float> seen = [];
        int next = 0;
        session.Append(ids, (index, logits) =>
        {
            Assert.Equal(next++, index);
            seen.AddRange(logits);
        });
        Assert.InRange(ReferenceModel.Error(seen.ToArray(), Reference.Logits(name)), 0, Reference.Tolerance);
        Assert.Equal(seen[^model.Config.VocabularySize..].ToArray(), session.Logits);
    }

    [Fact]
    public void Has_no_logits_before_the_first_token()
    {
        using HymbaModel model = Reference.Open(Reference.Shared);
        using HymbaSession session = model.StartSession();
        session.Append([]);
        Assert.Throws<InvalidOperationException>(() => session.Logits.Length);
        using HymbaSession fork = session.Fork();
        Assert.Throws<InvalidOperationException>(() => fork.Logits.Length);
        Assert.True(session.Tokens.IsEmpty);
    }

    [Fact]
    public void Appending_what_is_not_allowed_changes_nothing()
    {
        using HymbaModel model = Reference.Open(Reference.Shared, contextLength: 40, prefillRows: 4);
        int[] text = Reference.Text(model, 40);
        using HymbaSession session = model.StartSession(), same = model.StartSession();
        session.Append(text.AsSpan(0, 20));
        same.Append(text.AsSpan(0, 20));
        foreach (int[] wrong in (int[][])[[1, 2, 3, 4, 5, 6, -1], [model.Config.VocabularySize], [int.MaxValue], [int.MinValue, 1]])
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => session.Append(wrong));
            Assert.Throws<ArgumentOutOfRangeException>(() => session.Append(wrong, (_, _) => Assert.Fail("read")));
        }
        ContextLengthException error = Assert.Throws<ContextLengthException>(() => session.Append(Reference.Text(model, 21)));
        Assert.Equal((20, 40), (error.Used, error.Limit));
        Assert.Equal(text.AsSpan(0, 20), session.Tokens);
        Assert.Equal(same.Logits, session.Logits);

        session.Append(text.AsSpan(20));
        same.Append(text.AsSpan(20));
        Assert.Equal(same.Logits, session.Logits);
        Assert.Equal(0, session.Remaining);
        Assert.Throws<ContextLengthException>(() => session.Append(1));
        Assert.Equal(text, session.Tokens);
    }

    [Theory]
    [MemberData(nameof(References))]
    public void Forks_go_on_by_themselves(string name)
    {
        using HymbaModel model = Reference.Open(name);
        int[] text = Reference.Text(model, 200);
        foreach (int at in (int[])[1, 10, 63, 64, 65, 150])
        {
            using HymbaSession session = model.StartSession(), alone = model.StartSession();
            session.Append(text.AsSpan(0, at));
            alone.Append(text.AsSpan(0, at));
            using HymbaSession first = session.Fork(), second = first.Fork();
            Assert.Equal(session.Tokens, second.Tokens);
            Assert.Equal(session.Logits, second.Logits);
            first.Append(Reference.Text(model, 30, seed: 2));
            float[][] expected = Reference.Steps(alone, text.AsSpan(at, 30));
            Assert.Equal(expected, Reference.Steps(second, text.AsSpan(at, 30)));
            session.Append(Reference.Text(model, 50, seed: 3));
            using HymbaSession third = second.Fork();
            second.Dispose();
            Assert.Equal(Reference.Steps(alone, text.AsSpan(at + 30, 20)), Reference.Steps(third, text.AsSpan(at + 30, 20)));
        }
    }

    [Theory]
    [InlineData(20)]
    [InlineData(900)]
    public void A_fork_shares_the_pages_whatever_the_length(int length)
    {
        using HymbaModel model = Reference.Open(Reference.Grouped, contextLength: 1000);
        using HymbaSession session = model.StartSession();
        session.Append(Reference.Text(model, length));
        long before = model.Shape.Pages.Bytes;
        HymbaSession[] forks = [.. Enumerable.Range(0, 100).Select(_ => session.Fork())];
        Assert.Equal(before, model.Shape.Pages.Bytes);
        Assert.All(forks, fork => Assert.Equal(session.StateBytes, fork.StateBytes));

        // Writing takes at most two pages of each owner: the one written to, and where that is full a new one.
        long page = model.Shape.Pages.Shape.Bytes + 64;
        forks[0].Append(1);
        Assert.InRange(model.Shape.Pages.Bytes, before, before + (2 * page * model.Shape.Owners.Length));
        foreach (HymbaSession fork in forks)
            fork.Dispose();
    }

    [Theory]
    [MemberData(nameof(References))]
    public async Task Sessions_of_several_threads_do_not_disturb_each_other(string name)
    {
        using HymbaModel model = Reference.Open(name, prefillRows: 8);
        int[][] texts = [.. Enumerable.Range(0, 6).Select(seed => Reference.Text(model, 60 + (10 * seed), seed))];
        float[][] alone = [.. texts.Select(Logits)];
        float[][] together = await Task.WhenAll(texts.Select(text => Task.Factory.StartNew(
            () => Logits(text), TestContext.Current.CancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
        Assert.Equal(alone, together);

        float[] Logits(int[] text)
        {
            using HymbaSession session = model.StartSession();
            session.Append(text.AsSpan(0, 20));
            using HymbaSession fork = session.Fork();
            List<float> all = [];
            foreach (float[] logits in Reference.Steps(fork, text.AsSpan(20)))
                all.AddRange(logits);
            return [.. all];
        }
    }

    [Fact]
    public void Cancelling_leaves_the_steps_done()
    {
        using HymbaModel model = Reference.Open(Reference.Untied, prefillRows: 8);
        int[] text = Reference.Text(model, 50);
        using HymbaSession session = model.StartSession(), straight = model.StartSession();
        straight.Append(text);
        using CancellationTokenSource source = new();
        int steps = 0;
        model.Forward.Observer = (layer, _) =>
        {
            if (layer == 0 && ++steps == 3)
                source.Cancel();
        };
        Assert.Throws<OperationCanceledException>(() => session.Append(text, source.Token));
        model.Forward.Observer = null;
        Assert.Equal(text.AsSpan(0, 24), session.Tokens);
        session.Append(text.AsSpan(24));
        Assert.Equal(straight.Logits, session.Logits);

        Assert.Throws<OperationCanceledException>(() => session.Append([1], source.Token));
        Assert.Equal(50, session.TokenCount);
    }

    [Fact]
    public void A_disposed_session_refuses_work()
    {
        using TemporaryFolder folder = new();
        using HymbaModel model = Reference.Open(Reference.Shared);
        HymbaSession session = model.StartSession();
        session.Append([1, 2, 3]);
        session.Dispose();
        session.Dispose();
        Assert.Throws<ObjectDisposedException>(() => session.Append(1));
        Assert.Throws<ObjectDisposedException>(session.Fork);
        Assert.Throws<ObjectDisposedException>(() => session.Save(folder.File("session")));
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void Sessions_let_go_give_their_pages_back()
    {
        using HymbaModel model = Reference.Open(Reference.Grouped, contextLength: 300);
        int[] text = Reference.Text(model, 300);
        Use();
        long used = model.Shape.Pages.Bytes;
        for (int i = 0; i < 5; i++)
            Use();
        Assert.Equal(used, model.Shape.Pages.Bytes);

        void Use()
        {
            using HymbaSession session = model.StartSession();
            session.Append(text.AsSpan(0, 150));
            using HymbaSession fork = session.Fork();
            session.Append(text.AsSpan(150));
            fork.Append(text.AsSpan(150));
        }
    }

    /// <summary>One step for all of them: the bits of a step of its own for each.</summary>
    [Theory]
    [MemberData(nameof(Reference.All), MemberType = typeof(Reference))]
    public void Tokens_of_several_sessions_in_one_step_are_as_if_alone(string name)
    {
        using HymbaModel model = Reference.Open(name);
        int[] text = Reference.Text(model, 300);
        HymbaSession[] together = [.. Enumerable.Range(0, 6).Select(_ => model.StartSession())], alone = [.. Enumerable.Range(0, 6).Select(_ => model.StartSession())];
        for (int i = 0; i < together.Length; i++)
        {
            together[i].Append(text.AsSpan(0, 1 + (7 * i)));
            alone[i].Append(text.AsSpan(0, 1 + (7 * i)));
        }
        for (int step = 0; step < 40; step++)
        {
            int[] tokens = text[(step * 6)..((step * 6) + 6)];
            HymbaSession.AppendEach(together, tokens);
            for (int i = 0; i < alone.Length; i++)
            {
                alone[i].Append(tokens[i]);
                Assert.Equal(alone[i].Logits, together[i].Logits);
                Assert.Equal(alone[i].Tokens, together[i].Tokens);
            }
        }
        HymbaSession.AppendEach([], []);
        Assert.Throws<ArgumentException>(() => HymbaSession.AppendEach([together[0]], [1, 2]));
        Assert.Throws<ArgumentException>(() => HymbaSession.AppendEach([together[0], together[0]], [1, 2]));
        Assert.Throws<ArgumentOutOfRangeException>(() => HymbaSession.AppendEach([together[0]], [model.Config.VocabularySize]));
        foreach (HymbaSession session in (HymbaSession[])[.. together, .. alone])
            session.Dispose();
    }
}
