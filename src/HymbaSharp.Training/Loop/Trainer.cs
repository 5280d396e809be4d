using HymbaSharp.Training.Objectives;
using HymbaSharp.Training.Options;
using HymbaSharp.Training.Twin;
using static TorchSharp.torch;

namespace HymbaSharp.Training.Loop;

/// <summary>Steps of a training: gradients summed over the parts of a step, clipped, and taken by the optimizer.</summary>
/// <param name="twin">The model.</param>
/// <param name="objective">The loss.</param>
/// <param name="optimizer">What takes the gradients.</param>
/// <param name="options">Learning rate, clipping and the size of parts.</param>
/// <param name="packs">Whether a part may hold several examples.</param>
internal sealed class Trainer(HymbaTwin twin, TrainingObjective objective, AdamW optimizer, OptimizerOptions options, bool packs)
{
    private readonly ModelFlops _flops = new(twin.Config, twin.Parameters.Names.All(name => twin.Parameters[name].requires_grad));

    /// <summary>Takes a step, unless loss or gradient is no number: then nothing changes.</summary>
    /// <param name="items">The step's examples.</param>
    /// <param name="learningRate">The learning rate.</param>
    /// <param name="cancellationToken">Looked at between parts; a step that is cancelled changes nothing.</param>
    public StepFigures Step(IReadOnlyList<StepItem> items, double learningRate, CancellationToken cancellationToken)
    {
        optimizer.ClearGradients();
        SetTraining(true);
        StepFigures sums = Pass(items, learns: true, cancellationToken);
        StepFigures figures = sums with { GradientNorm = optimizer.GradientNorm() };
        if (figures.IsFinite)
        {
            bool isClipped = options.ClipNorm > 0 && figures.GradientNorm > options.ClipNorm;
            optimizer.Step(learningRate, isClipped ? options.ClipNorm / figures.GradientNorm : 1);
        }
        return figures;
    }

    /// <summary>The loss of examples under the model as it is.</summary>
    public StepFigures Evaluate(IReadOnlyList<StepItem> items, CancellationToken cancellationToken)
    {
        SetTraining(false);
        using IDisposable unrecorded = no_grad();
        return Pass(items, learns: false, cancellationToken);
    }

    private StepFigures Pass(IReadOnlyList<StepItem> items, bool learns, CancellationToken cancellationToken)
    {
        double weight = objective.Weight(items), loss = 0, operations = 0;
        Dictionary<string, double> figures = [];
        foreach (IReadOnlyList<StepItem> part in StepBatches.Parts(items, options.MicroBatchTokens, twin.Config.MetaTokens, packs))
        {
            cancellationToken.ThrowIfCancellationRequested();
            using (var scope = NewDisposeScope())
            {
                RowBatch batch = TrainingObjective.Pack(part, twin.Config.MetaTokens);
                (Tensor sum, IReadOnlyDictionary<string, double> found) = objective.Loss(twin, batch, part);
                if (learns)
                    (sum / weight).backward();
                loss += sum.to(ScalarType.Float64).item<double>() / weight;
                operations += _flops.Step(batch);
                foreach ((string name, double value) in found)
                    figures[name] = figures.GetValueOrDefault(name) + (value / weight);
            }
            // Nodes of the graph hold memory of the native library and are freed by finalizers, which a collection of the young brings about.
            GC.Collect(0);
        }
        return new StepFigures(loss, 0, items.Sum(item => item.Tokens), operations, figures);
    }

    private void SetTraining(bool isTraining)
    {
        foreach (LowRankTerm term in twin.Parameters.Terms.Values)
            term.IsTraining = isTraining;
    }
}
