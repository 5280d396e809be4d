namespace HymbaSharp.Training.Options;

/// <summary>How an adapter changes a weight.</summary>
internal enum AdapterMethod
{
    /// <summary>A product of two narrow matrices is added (Hu et al. 2021).</summary>
    Lora,

    /// <summary>The same, with the length of each row trained on its own (Liu et al. 2024, weight-decomposed).</summary>
    Dora,
}

/// <summary>The adapter of a run that trains one: <c>[adapter]</c>.</summary>
internal sealed record AdapterOptions
{
    /// <summary>How it changes weights: lora or dora. Default: lora.</summary>
    public AdapterMethod Method { get; init; }

    /// <summary>The width of the narrow matrices, 1 to 65536. Default 16.</summary>
    public int Rank { get; init; } = 16;

    /// <summary>The update is scaled by this over the rank. Above 0. Default 32.</summary>
    public double Alpha { get; init; } = 32;

    /// <summary>The share of the adapter's inputs that are dropped while training, 0 to below 1. Default 0.</summary>
    public double Dropout { get; init; }

    /// <summary>The modules that are adapted, by the last part of their names. Default: every projection of the layers.</summary>
    public IReadOnlyList<string> Targets { get; init; } = ["in_proj", "out_proj", "x_proj", "dt_proj", "gate_proj", "up_proj", "down_proj"];
}
