using System.Diagnostics;
using HymbaSharp.Adapters;
using HymbaSharp.Chat;
using HymbaSharp.Checkpoints;
using HymbaSharp.Configuration;
using HymbaSharp.Tokenization;
using HymbaSharp.Training.Logging;
using HymbaSharp.Training.Objectives;
using HymbaSharp.Training.Options;
using HymbaSharp.Training.Twin;
using TorchSharp;
using static TorchSharp.torch;

namespace HymbaSharp.Training.Loop;

/// <summary>A run from its options to the trained model: begins or goes on, steps, evaluates, writes checkpoints.</summary>
internal sealed class TrainingRun : IDisposable
{
    /// <summary>The run's effective options, in its output folder.</summary>
    public const string OptionsFile = "run.toml";

    private readonly TrainingOptions _options;
    private readonly RunLog _log;
    private readonly TwinParameters _parameters;
    private readonly TwinParameters? _reference;
    private readonly AdamW _optimizer;
    private readonly RunData _data;
    private readonly Trainer _trainer;
    private readonly Trainer _evaluator;
    private readonly StepBatches _batches;
    private readonly RunCheckpoints _checkpoints;
    private readonly LearningRates _rates;
    private readonly string _identity;
    private RunState _state = new();

    private TrainingRun(TrainingOptions options, RunLog log, CancellationToken cancellationToken)
    {
        (_options, _log) = (options, log);
        Device device = Devices.Find(options.Run.Device);
        StartingPoint start = StartingPoint.Of(options.Run, cancellationToken);
        (Tokenizer tokenizer, ChatTemplate? template) = start.Text(options.Run.Tokenizer);
        _data = RunData.Open(options, start, tokenizer, template, log, cancellationToken);
        ScalarType type = options.Run.Dtype == ElementType.F64 ? ScalarType.Float64 : ScalarType.Float32;
        _parameters = start.Load(type, device);
        AdapterConfig? adapter = start.Select(_parameters, options);
        HymbaTwin twin = new(start.Config, _parameters) { CheckpointsActivations = options.Optimizer.ActivationCheckpointing };
        if (options.Run.Objective == Options.Objective.DirectPreference)
            _reference = LoadReference(start, type, device);
        RequireMemory(twin);

        OptimizerOptions settings = options.Optimizer;
        _optimizer = new AdamW(_parameters.Trained, settings.Beta1, settings.Beta2, settings.Epsilon, settings.WeightDecay);
        _trainer = new Trainer(twin, Objective(_data.Training, start.Config), _optimizer, settings, options.Data.Pack);
        _evaluator = _data.HeldOut is { } heldOut ? new Trainer(twin, Objective(heldOut, start.Config), _optimizer, settings, options.Data.Pack) : _trainer;
        _batches = new StepBatches(_data.Training, options.Data.Shuffle ? (ulong)options.Run.Seed : null, settings.BatchTokens);
        _checkpoints = new RunCheckpoints(options.Run.Output!, new ModelExport(start.Folder, start.Config, adapter, options.Loop.SaveDtype));
        long steps = settings.Steps ?? long.MaxValue;
        if (settings.Epochs is { } epochs || settings.Steps is null)
            steps = Math.Min(steps, (long)Math.Ceiling((settings.Epochs ?? 1) * _data.Training.TokensPerEpoch / settings.BatchTokens));
        steps = Math.Max(steps, 1);
        _rates = new LearningRates(settings.Schedule, steps, settings.Warmup.Of(steps), settings.Decay.Of(steps), settings.MinRatio);
        _identity = $"{options.Run.Objective} {_data.Training.Fingerprint:x16} {steps} {settings.BatchTokens} {options.Run.Seed}";
        log.Say($"{_parameters.Trained.Sum(parameter => parameter.Value.numel()):N0} of {start.Config.ParameterCount:N0} parameters are trained, in {steps} steps.");
    }

    /// <summary>Trains to the end.</summary>
    /// <exception cref="HymbaException">The run cannot begin or go on.</exception>
    /// <exception cref="OperationCanceledException">It was stopped; a checkpoint is written.</exception>
    public static void Run(TrainingOptions options, RunLog log, CancellationToken cancellationToken)
    {
        TorchRuntime.Prepare(options.Run.Threads);
        using TrainingRun run = new(options, log, cancellationToken);
        run.Begin();
        run.Train(cancellationToken);
    }

    public void Dispose()
    {
        _optimizer.Dispose();
        _reference?.Dispose();
        _parameters.Dispose();
    }

    /// <summary>Goes to the last checkpoint, where there is one.</summary>
    private void Begin()
    {
        string? last = _checkpoints.Resumable.FirstOrDefault();
        if (last is not null && _options.Loop.Resume == Resume.Never)
            throw new TrainingException($"{_options.Run.Output}: holds the checkpoint {Path.GetFileName(last)}, and loop.resume is never. Name another output folder, or allow it to go on.");
        if (last is not null)
        {
            RunState state = RunState.Read(Path.Combine(last, RunCheckpoints.StateFile));
            if (state.Run != _identity)
                throw new TrainingException($"{last}: is of another run (other data, steps, batch or seed). Name another output folder.");
            _state = RunCheckpoints.Restore(last, _parameters, _optimizer);
            _batches.MoveTo(_state.Epoch, _state.Position);
            _log.Say($"Going on from {Path.GetFileName(last)}.");
        }
        _ = Directory.CreateDirectory(_options.Run.Output!);
        File.WriteAllText(Path.Combine(_options.Run.Output!, OptionsFile), _options.ToToml());
        _log.Start(_state.Step, _rates.Steps);
    }

    private void Train(CancellationToken cancellationToken)
    {
        double peak = Devices.MeasurePeak(_parameters.Device);
        Stopwatch sinceCheckpoint = Stopwatch.StartNew();
        Meter meter = new(peak, _state.Seconds);
        try
        {
            while (_state.Step < _rates.Steps)
            {
                long start = Stopwatch.GetTimestamp();
                double rate = _options.Optimizer.LearningRate * _rates.At(_state.Step);
                // A step's own seed: what is dropped does not depend on where the run was resumed.
                _ = manual_seed(_options.Run.Seed + _state.Step);
                StepFigures figures = _trainer.Step(_batches.Next(), rate, cancellationToken);
                Advance(figures, Stopwatch.GetElapsedTime(start).TotalSeconds);
                meter.Add(figures, _state.Seconds);
                bool isLast = _state.Step == _rates.Steps, evaluates = isLast || (_options.Loop.EvalEvery > 0 && _state.Step % _options.Loop.EvalEvery == 0);
                if (isLast || _state.Step % _options.Loop.LogEvery == 0 || _state.Step == 1 || !figures.IsFinite)
                    _log.Write(meter.Record(_state, rate));
                Guard();
                if (evaluates)
                    Evaluate(cancellationToken);
                bool isDue = _options.Loop.CheckpointMinutes > 0 && sinceCheckpoint.Elapsed.TotalMinutes >= _options.Loop.CheckpointMinutes;
                if (isLast || isDue || (_options.Loop.CheckpointEvery > 0 && _state.Step % _options.Loop.CheckpointEvery == 0))
                {
                    Save();
                    sinceCheckpoint.Restart();
                }
            }
            _checkpoints.SaveModel(RunCheckpoints.Final, _parameters);
        }
        catch (OperationCanceledException)
        {
            if (_state.Step > 0)
                Save();
            _log.Say($"Stopped after step {_state.Step}; the same command goes on from there.");
            throw;
        }
    }

    private void Advance(StepFigures figures, double seconds) => _state = _state with
    {
        Step = _state.Step + 1,
        OptimizerSteps = _optimizer.Steps,
        Tokens = _state.Tokens + figures.Tokens,
        Seconds = _state.Seconds + seconds,
        Epoch = _batches.Epoch,
        Position = _batches.Position,
        BadSteps = figures.IsFinite ? 0 : _state.BadSteps + 1,
        Run = _identity,
    };

    private void Guard()
    {
        if (_state.BadSteps == 0)
            return;
        _log.Say($"Step {_state.Step}: the loss or its gradient is no number; nothing was changed ({_state.BadSteps} in a row).");
        if (_state.BadSteps >= _options.Optimizer.BadStepLimit)
            throw new TrainingException($"The loss or its gradient was no number in {_state.BadSteps} steps in a row; the last checkpoint is from before. Lower optimizer.learning_rate or look at the data.");
    }

    private void Evaluate(CancellationToken cancellationToken)
    {
        if (_data.HeldOut is not { } heldOut)
            return;
        StepFigures figures = _evaluator.Evaluate([.. heldOut.All], cancellationToken);
        Dictionary<string, double> extras = figures.Figures.ToDictionary(figure => $"eval_{figure.Key}", figure => figure.Value);
        extras["eval_loss"] = figures.Loss;
        _log.Write(new StepRecord { Step = _state.Step, Tokens = _state.Tokens, Seconds = _state.Seconds, Extras = extras });
        if (figures.Loss < (_state.BestLoss ?? double.PositiveInfinity))
        {
            _state = _state with { BestLoss = figures.Loss };
            if (_options.Loop.KeepBest)
                _checkpoints.SaveModel(RunCheckpoints.Best, _parameters);
        }
    }

    private void Save()
    {
        _checkpoints.Save(_state, _parameters, _optimizer, _options.Loop.KeepLast);
        _log.Flush();
    }

    private TrainingObjective Objective(StepSource source, HymbaConfig config)
    {
        if (_reference is null)
            return new NextTokenObjective();
        PreferenceObjective objective = new(new PreferenceLoss(_options.Dpo.Beta, _options.Dpo.LabelSmoothing, _options.Dpo.NllWeight), new HymbaTwin(config, _reference));
        if (_options.Dpo.Reference == ReferencePass.Precomputed)
        {
            objective.Precompute(source.Count, StepBatches.Parts(source.All, _options.Optimizer.MicroBatchTokens, config.MetaTokens, _options.Data.Pack));
            _log.Say($"The reference's log-probabilities of {source.Count} pairs are computed.");
        }
        return objective;
    }

    private void RequireMemory(HymbaTwin twin)
    {
        if (_parameters.Device.type != DeviceType.CPU)
            return;
        // Weights are in memory already when this is asked.
        long rows = Math.Max(_options.Optimizer.MicroBatchTokens, _data.LongestRows(twin.Config.MetaTokens));
        MemoryEstimate estimate = MemoryEstimate.Of(twin.Config, _parameters, _reference is null ? 1 : 2, rows, twin.CheckpointsActivations);
        estimate.Require(MemoryEstimate.Available() + estimate.Weights);
    }

    private TwinParameters LoadReference(StartingPoint start, ScalarType type, Device device)
    {
        // Beside an adapter the weights stay what the reference has.
        if (_options.Dpo.ReferenceModel is null && _options.Run.TrainsAdapter)
            return _parameters.WithoutTerms();
        string folder = _options.Dpo.ReferenceModel is { } named ? ModelLocation.Find(named) : start.Folder;
        using Checkpoint checkpoint = Checkpoint.Open(folder);
        return TwinParameters.Load(checkpoint, start.Config, type, device);
    }

    /// <summary>Sums what happened between two records.</summary>
    private sealed class Meter(double peak, double seconds)
    {
        private readonly Dictionary<string, double> _figures = [];
        private double _start = seconds, _end = seconds, _loss, _operations;
        private double _norm;
        private int _steps, _tokens;

        public void Add(StepFigures figures, double now)
        {
            _end = now;
            _loss += figures.Loss;
            _norm = figures.GradientNorm;
            _operations += figures.Operations;
            _tokens += figures.Tokens;
            _steps++;
            foreach ((string name, double value) in figures.Figures)
                _figures[name] = _figures.GetValueOrDefault(name) + value;
        }

        public StepRecord Record(RunState state, double rate)
        {
            double passed = _end - _start;
            StepRecord record = new()
            {
                Step = state.Step,
                Tokens = state.Tokens,
                Seconds = state.Seconds,
                Loss = _loss / _steps,
                LearningRate = rate,
                GradientNorm = _norm,
                TokensPerSecond = _tokens / passed,
                Mfu = _operations / passed / peak,
                Extras = _figures.ToDictionary(figure => figure.Key, figure => figure.Value / _steps),
            };
            (_start, _loss, _operations, _tokens, _steps) = (_end, 0, 0, 0, 0);
            _figures.Clear();
            return record;
        }
    }
}
