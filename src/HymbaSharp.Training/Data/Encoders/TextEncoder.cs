using HymbaSharp.Tokenization;

namespace HymbaSharp.Training.Data.Encoders;

/// <summary>Encodes texts that no chat template is put around.</summary>
internal sealed class TextEncoder(Tokenizer tokenizer, int endOfText)
{
    private readonly StretchEncoder _stretches = new(tokenizer);

    /// <summary>
    /// A whole text: BOS where the tokenizer asks for it, the text, EOS; all but the first are learned. The names of special tokens are text here:
    /// in a text that nobody rendered, <c>&lt;/s&gt;</c> is HTML.
    /// </summary>
    public TrainingExample Document(string text)
    {
        int[] ids = [.. tokenizer.Encode(text, tokenizer.AddBosToken, parseSpecial: false), endOfText];
        bool[] learned = new bool[ids.Length];
        learned.AsSpan(1).Fill(true);
        return new TrainingExample(ids, learned);
    }

    /// <summary>A prompt as a session encodes it, and a reply that goes on from it and ends with EOS; the reply is learned.</summary>
    public TrainingExample Continuation(string prompt, string reply)
    {
        (int[] ids, int[] ends) = _stretches.Encode(prompt + reply, [prompt.Length], tokenizer.AddBosToken);
        if (ids[^1] != endOfText)
            ids = [.. ids, endOfText];
        bool[] learned = new bool[ids.Length];
        learned.AsSpan(ends[0]).Fill(true);
        return new TrainingExample(ids, learned);
    }
}
