namespace HymbaSharp.Generation;

/// <summary>An option of <see cref="GenerationOptions"/> is out of its range. The message names the option, its value and what is allowed.</summary>
public sealed class GenerationOptionsException : HymbaException
{
    internal GenerationOptionsException(string option, object? value, string allowed)
        : base($"{option} is {value ?? "null"}; allowed: {allowed}.") => Option = option;

    /// <summary>The name of the property of <see cref="GenerationOptions"/>.</summary>
    public string Option { get; }
}
