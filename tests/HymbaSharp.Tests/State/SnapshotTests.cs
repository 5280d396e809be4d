using HymbaSharp.State;
using HymbaSharp.Tests.Forward;

namespace HymbaSharp.Tests.State;

public sealed class SnapshotTests
{
    private const int Continued = 50;

    public static TheoryData<string> References => Reference.All;

    [Theory]
    [MemberData(nameof(References))]
    public void A_restored_session_goes_on_bit_for_bit(string name)
    {
        using TemporaryFolder folder = new();
        using HymbaModel model = Reference.Open(name, contextLength: 300, threads: 1);
        int meta = model.Config.MetaTokens, window = model.Config.SlidingWindow;
        int[] text = Reference.Text(model, 200 + Continued);
        SortedSet<int> saves = [0, 1, 2, window - 1, window, window + 1, 63 - meta, 64 - meta, 65 - meta, 63, 64, 65, 64 + window, 127, 128, 129, 192 - meta, 200];
        int steps = 0;

        using HymbaSession session = model.StartSession();
        foreach (int at in saves)
        {
            session.Append(text.AsSpan(session.TokenCount, at - session.TokenCount));
            session.Save(folder.File($"{at}"), BitConverter.GetBytes(at));
            using HymbaSession straight = session.Fork();
            float[][] expected = Reference.Steps(straight, text.AsSpan(at, Continued));

            model.Forward.Observer = (_, _) => steps++;
            using HymbaSession restored = model.RestoreSession(folder.File($"{at}"));
            Assert.Equal(0, steps);
            model.Forward.Observer = null;
            Assert.Equal(BitConverter.GetBytes(at), restored.Attachment);
            Assert.Equal(session.Tokens, restored.Tokens);
            Assert.Equal(session.StateBytes, restored.StateBytes);
            if (at > 0)
                Assert.Equal(session.Logits, restored.Logits);
            Assert.Equal(expected, Reference.Steps(restored, text.AsSpan(at, Continued)));
        }
    }

    [Theory]
    [MemberData(nameof(References))]
    public void A_file_opens_in_another_process_of_the_same_model(string name)
    {
        using TemporaryFolder folder = new();
        float[][] expected;
        int[] text;
        using (HymbaModel model = Reference.Open(name, contextLength: 250))
        {
            text = Reference.Text(model, 120);
            using HymbaSession session = model.StartSession();
            session.Append(text.AsSpan(0, 80));
            session.Save(folder.File("session"));
            expected = Reference.Steps(session, text.AsSpan(80));
        }
        // Elsewhere, with another context and other threads.
        using TemporaryFolder copy = new();
        Reference.Copy(name, copy.Path);
        using HymbaModel other = HymbaModel.Load(copy.Path, Reference.Options(contextLength: 120));
        using HymbaSession restored = other.RestoreSession(folder.File("session"));
        Assert.Equal(40, restored.Remaining);
        Assert.Equal(expected, Reference.Steps(restored, text.AsSpan(80)));
        Assert.Throws<ContextLengthException>(() => restored.Append(1));
    }

    [Theory]
    [MemberData(nameof(References))]
    public void Another_model_instance_brings_its_own_meta_tokens(string name)
    {
        using TemporaryFolder folder = new();
        using HymbaModel model = Reference.Open(name), other = Reference.Open(name, prefillRows: 3);
        int[] text = Reference.Text(model, 120);
        using HymbaSession session = model.StartSession();
        session.Append(text.AsSpan(0, 80));
        session.Save(folder.File("session"));
        using HymbaSession restored = other.RestoreSession(folder.File("session"));
        session.Append(text.AsSpan(80));
        restored.Append(text.AsSpan(80));
        Assert.InRange(ReferenceModel.Error(restored.Logits, session.Logits), 0, Reference.Tolerance);
    }

    [Fact]
    public void A_restored_session_can_be_forked_and_saved_again()
    {
        using TemporaryFolder folder = new();
        using HymbaModel model = Reference.Open(Reference.Shared);
        using HymbaSession session = model.StartSession();
        session.Append(Reference.Text(model, 100));
        session.Save(folder.File("first"), "with this"u8);
        using HymbaSession restored = model.RestoreSession(folder.File("first")), fork = restored.Fork();
        Assert.Equal("with this"u8, fork.Attachment.Span);
        fork.Save(folder.File("second"), fork.Attachment.Span);
        Assert.Equal(File.ReadAllBytes(folder.File("first")), File.ReadAllBytes(folder.File("second")));
    }

    [Fact]
    public void Refuses_a_session_of_another_model_or_longer_than_the_context()
    {
        using TemporaryFolder folder = new();
        using HymbaModel model = Reference.Open(Reference.Shared), other = Reference.Open(Reference.Untied), shorter = Reference.Open(Reference.Shared, contextLength: 99);
        using HymbaSession session = model.StartSession();
        session.Append(Reference.Text(model, 100));
        session.Save(folder.File("session"));
        string message = Assert.Throws<SnapshotException>(() => other.RestoreSession(folder.File("session"))).Message;
        Assert.Contains($"{model.Fingerprint:x32}", message, StringComparison.Ordinal);
        Assert.Contains($"{other.Fingerprint:x32}", message, StringComparison.Ordinal);
        Assert.Contains("100", Assert.Throws<SnapshotException>(() => shorter.RestoreSession(folder.File("session"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Refuses_what_is_no_readable_file()
    {
        using TemporaryFolder folder = new();
        using HymbaModel model = Reference.Open(Reference.Shared);
        Assert.Throws<SnapshotException>(() => model.RestoreSession(folder.File("absent")));
        Assert.Throws<SnapshotException>(() => model.RestoreSession(folder.File("absent/below")));
        Assert.Throws<SnapshotException>(() => model.RestoreSession(folder.Path));
        Assert.Throws<SnapshotException>(() => model.RestoreSession(folder.Write("empty", [])));
        Assert.Throws<SnapshotException>(() => model.RestoreSession(Path.Combine(TestData.Reference(Reference.Shared), "model.safetensors")));
    }

    [Fact]
    public void A_write_that_fails_leaves_what_was_there()
    {
        using TemporaryFolder folder = new();
        using HymbaModel model = Reference.Open(Reference.Shared);
        using HymbaSession session = model.StartSession();
        session.Append([1, 2, 3]);
        session.Save(folder.File("session"));
        byte[] before = File.ReadAllBytes(folder.File("session"));

        SequenceState gone = new(model.Shape);
        gone.Dispose();
        Assert.Throws<ObjectDisposedException>(() => Snapshot.Write(folder.File("session"), model.Fingerprint, model.Shape, gone, [], [], [], withMeta: false));
        Assert.Equal(before, File.ReadAllBytes(folder.File("session")));
        Assert.Equal(folder.File("session"), Assert.Single(Directory.GetFileSystemEntries(folder.Path)));

        string occupied = Directory.CreateDirectory(folder.File("folder")).FullName;
        Assert.ThrowsAny<IOException>(() => session.Save(occupied));
        Assert.ThrowsAny<IOException>(() => session.Save(folder.File("absent/session")));
        Assert.Throws<ArgumentOutOfRangeException>(() => session.Save(folder.File("session"), new byte[Snapshot.MaxAttachmentBytes + 1]));
        Assert.Equal(before, File.ReadAllBytes(folder.File("session")));
        Assert.Equal(2, Directory.GetFileSystemEntries(folder.Path).Length);
    }
}
