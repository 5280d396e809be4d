using System.Collections.Immutable;
using System.Diagnostics;
using HymbaSharp.Adapters;
using HymbaSharp.Chat;
using HymbaSharp.Checkpoints;
using HymbaSharp.Configuration;
using HymbaSharp.Forward;
using HymbaSharp.Kernels;
using HymbaSharp.State;
using HymbaSharp.Threading;
using HymbaSharp.Tokenization;
using HymbaSharp.Weights;

namespace HymbaSharp;

/// <summary>
/// An opened Hymba checkpoint: weights mapped from the file and shared by all sessions, read-only. Safe to use from several threads;
/// steps of different sessions run one after the other, each on all threads.
/// </summary>
public sealed class HymbaModel : IDisposable
{
    private const int DefaultPrefillRows = 512;

    private readonly HymbaWeights _weights;
    private readonly KernelContext _kernels;
    private readonly SequenceState _metaState;
    private readonly CancellationTokenSource _closing = new();
    private Task _pageTable = Task.CompletedTask;
    private bool _disposed;

    private HymbaModel(
        string folder, HymbaConfig config, HymbaWeights weights, UInt128 fingerprint, KernelPath path, HymbaModelOptions options)
    {
        Folder = folder;
        Config = config;
        Fingerprint = fingerprint;
        EndOfTextIds = config.EosTokenIds;
        ContextLength = options.ContextLength ?? Math.Min(config.MaxPositions, HymbaModelOptions.MaxContextLength);
        _weights = weights;
        Shape = new StateShape(config, ContextLength, options.KeyValueType);
        _kernels = new KernelContext(path, new WorkerPool(options.Threads ?? Environment.ProcessorCount));
        Forward = new HymbaForward(config, weights, Shape, _kernels, options.PrefillRows ?? DefaultPrefillRows);
        _metaState = MetaState(new MetaStateCache(CacheFolderOf(options)));
    }

    /// <summary>Where the checkpoint lies.</summary>
    public string Folder { get; }

    /// <summary>The configuration.</summary>
    public HymbaConfig Config { get; }

    /// <summary>A hash of configuration, weights, adapters and of what of it was changed by options: states can be exchanged between models of equal fingerprint.</summary>
    public UInt128 Fingerprint { get; }

    /// <summary>The most tokens of a sequence.</summary>
    public int ContextLength { get; }

    /// <summary>Threads that compute.</summary>
    public int Threads => _kernels.Pool.Threads;

    /// <summary>The kernels in use.</summary>
    public KernelPath KernelPath => _kernels.Path;

    /// <summary>Whether the layers' matrices are quantised, so that their products are sums of integers.</summary>
    public bool IsQuantized => _weights.Layers.Any(layer => layer.MlpGate.Weights.IsQuantized);

    /// <summary>Bytes of weights that one decode step of a single sequence reads.</summary>
    public long WeightBytesPerToken => _weights.BytesPerStep;

    /// <summary>Operations in the layers' weight matrices for one token, a multiply-add counting two; attention, scan and the logits' matrix not counted.</summary>
    public long MatrixOperationsPerToken => _weights.Layers.Sum(layer => layer.MatrixOperations);

    /// <summary>The tokenizer beside the weights, or null where the folder has none: the model then takes and gives ids.</summary>
    public Tokenizer? Tokenizer { get; private set; }

    /// <summary>The chat template beside the weights, or null.</summary>
    public ChatTemplate? ChatTemplate { get; private set; }

    /// <summary>The token ids that end a text: the configuration's <c>eos_token_id</c>, else the tokenizer's.</summary>
    public ImmutableArray<int> EndOfTextIds { get; private set; }

    /// <summary>The most bytes that the state of a sequence takes until it has passed so many tokens; the pages of meta tokens counted, which sequences share.</summary>
    public long MaxStateBytes(int tokens) => Shape.MaxBytes(tokens, Forward.MaxRows);

    internal StateShape Shape { get; }

    internal HymbaForward Forward { get; }

    /// <summary>Opens a checkpoint: a folder with config.json, the weights and the tokenizer's files.</summary>
    /// <exception cref="HymbaException">Something in the folder or an adapter's is missing, damaged or not supported; the message names it.</exception>
    public static HymbaModel Load(string folder, HymbaModelOptions? options = null)
    {
        options ??= new HymbaModelOptions();
        options.Validate();
        KernelPath path = options.KernelPath ?? KernelPaths.Selected;
        // Reading the tokenizer takes as long as all the rest: side by side.
        Task<(Tokenizer?, ChatTemplate?)> text = Task.Run(() => TextSide(folder));
        string configFile = Path.Combine(folder, HymbaConfig.FileName);
        byte[] json = HymbaConfig.ReadFile(configFile);
        HymbaConfig config = HymbaConfig.Parse(json, configFile);
        HymbaModel model = Open(folder, config, json, path, options, out Checkpoint checkpoint);
        try
        {
            model.TakeText(text.GetAwaiter().GetResult());
        }
        catch
        {
            model.Dispose();
            throw;
        }
        model._pageTable = Task.Run(() => PageTable.Fill(checkpoint, model._closing.Token));
        return model;
    }

    /// <summary>Runs steps and says how long each kind of kernel took in them, by name, the longest first; the rest of <paramref name="whole"/> lies between kernels.</summary>
    /// <param name="steps">Steps of this model's sessions, on the caller's thread; no other thread may use the model meanwhile.</param>
    /// <param name="whole">The time from beginning to end.</param>
    public IReadOnlyList<(string Kernel, TimeSpan Time, int Calls)> Profile(Action steps, out TimeSpan whole)
    {
        ArgumentNullException.ThrowIfNull(steps);
        WorkProfile profile = new();
        long start = Stopwatch.GetTimestamp();
        try
        {
            _kernels.Pool.Profile = profile;
            steps();
        }
        finally
        {
            _kernels.Pool.Profile = null;
        }
        whole = Stopwatch.GetElapsedTime(start);
        return profile.Kinds;
    }

    /// <summary>A new sequence: the meta tokens have passed, no token has.</summary>
    public HymbaSession StartSession() => new(this, _metaState.Fork(), [], []);

    /// <summary>The mean over a text's tokens of the hidden states after the final norm [H]: what similar texts have similar.</summary>
    /// <param name="tokens">The text's ids, one or more.</param>
    /// <param name="cancellationToken">Ends the work before the next step.</param>
    /// <exception cref="ContextLengthException">They don't fit the context.</exception>
    public float[] Embed(ReadOnlySpan<int> tokens, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfZero(tokens.Length);
        double[] sums = new double[Config.HiddenSize];
        using HymbaSession session = StartSession();
        session.Append(tokens, x =>
        {
            for (int row = 0; row < x.Rows; row++)
            {
                ReadOnlySpan<float> hidden = x.Row(row);
                for (int i = 0; i < sums.Length; i++)
                    sums[i] += hidden[i];
            }
        }, cancellationToken);
        int count = tokens.Length;
        return [.. sums.Select(sum => (float)(sum / count))];
    }

    /// <summary>A session saved by <see cref="HymbaSession.Save"/>, going on where it was; nothing is computed.</summary>
    /// <exception cref="SnapshotException">The file is no snapshot, damaged, or of another model.</exception>
    public HymbaSession RestoreSession(string path)
    {
        (SequenceState state, int[] tokens, float[] logits, byte[] attachment) = Snapshot.Read(path, Fingerprint, Shape, _metaState);
        return new HymbaSession(this, state, tokens, logits) { Attachment = attachment };
    }

    /// <summary>Unmaps the weights and ends the threads, after the step that is under way. Sessions then pass no more tokens.</summary>
    public void Dispose()
    {
        lock (Forward.Gate)
        {
            if (_disposed)
                return;
            _disposed = true;
            _closing.Cancel();
            _pageTable.Wait();
            _closing.Dispose();
            _metaState.Dispose();
            Forward.Dispose();
            _kernels.Dispose();
            Shape.Dispose();
            _weights.Dispose();
        }
    }

    internal HymbaWeights Weights => _weights;

    internal KernelContext Kernels => _kernels;

    /// <summary>To be called with the gate held: steps read memory that <see cref="Dispose"/> frees.</summary>
    internal void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(_disposed, this);

    /// <summary>What the meta tokens leave behind, the same for every sequence: kept from an earlier time, or computed.</summary>
    private SequenceState MetaState(MetaStateCache cache)
    {
        if (cache.Find(Fingerprint, KernelPath, Shape) is { } kept)
            return kept;
        SequenceState state = new(Shape);
        for (int done = 0; done < Config.MetaTokens; done = state.Position)
        {
            int count = Math.Min(Forward.MaxRows, Config.MetaTokens - done);
            _ = Forward.Step([new StepSlice(state, count)], new int[count], []);
        }
        cache.Keep(Fingerprint, KernelPath, Shape, state);
        return state;
    }

    private static HymbaModel Open(string folder, HymbaConfig config, byte[] json, KernelPath path, HymbaModelOptions options, out Checkpoint checkpoint)
    {
        AdaptedCheckpoint adapted = AdaptedCheckpoint.Open(folder, config, options.Adapters, options.Recipe ?? options.Quantization?.Recipe(config.LayerCount), options.Calibration);
        checkpoint = adapted.Base;
        try
        {
            // What is damaged was so before the fingerprint was remembered.
            UInt128 fingerprint = ModelFingerprint.Of(json, checkpoint, CacheFolderOf(options), () => BlockCheck.Verify(adapted.Base, config));
            fingerprint = ModelFingerprint.With(fingerprint, adapted.Adapters);
            if (options.Quantization is { } scheme)
                fingerprint = ModelFingerprint.With(fingerprint, $"{scheme.Name()} {QuantizationKeys.CurrentVersion}");
            if (options.KeyValueType != KeyValueType.F32)
                fingerprint = ModelFingerprint.With(fingerprint, $"keys and values {options.KeyValueType}");
            return new HymbaModel(folder, config, new HymbaWeights(adapted, config), fingerprint, path, options);
        }
        catch
        {
            adapted.Dispose();
            throw;
        }
    }

    private static (Tokenizer?, ChatTemplate?) TextSide(string folder)
    {
        if (!File.Exists(Path.Combine(folder, "tokenizer.model")) && !File.Exists(Path.Combine(folder, "tokenizer.json")))
            return (null, null);
        Tokenizer tokenizer = Tokenizer.Load(folder);
        return (tokenizer, tokenizer.ChatTemplate is { } source ? ChatTemplate.Parse(source) : null);
    }

    private void TakeText((Tokenizer? Tokenizer, ChatTemplate? Template) text)
    {
        if (text.Tokenizer?.VocabularySize > Config.VocabularySize)
            throw new TokenizerException($"{Folder}: the tokenizer has {text.Tokenizer.VocabularySize} tokens, the model's vocabulary (vocab_size) {Config.VocabularySize}.");
        (Tokenizer, ChatTemplate) = text;
        if (EndOfTextIds.IsDefaultOrEmpty && Tokenizer?.EosId is { } end)
            EndOfTextIds = [end];
    }

    private static string? CacheFolderOf(HymbaModelOptions options) => options.UseCache ? options.CacheFolder ?? CacheFolder.Default : null;
}
