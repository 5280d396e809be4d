namespace HymbaSharp.Adapters;

/// <summary>An adapter to open a model with.</summary>
/// <param name="Folder">Its folder, which holds adapter_config.json and adapter_model.safetensors.</param>
/// <param name="Scale">
/// Multiplies the adapter's own scaling, alpha / r; any finite number, 1 by default. At 0 LoRA leaves the weights as they are; DoRA still sets
/// their magnitudes. Tensors that an adapter holds whole are taken whole, whatever the scale.
/// </param>
public sealed record AdapterReference(string Folder, float Scale = 1);
