using HymbaSharp.Tokenization;
using HymbaSharp.Training.Options;
using HymbaSharp.Training.Tests.Loop;

namespace HymbaSharp.Training.Tests.Commands;

/// <summary>The commands that take files and leave files.</summary>
public sealed class FileCommandTests : IDisposable
{
    private readonly SmallRun _run = new();

    [Fact]
    public void A_tokenizer_is_trained_on_texts_and_rendered_conversations()
    {
        string template = _run.PathOf("template.jinja"), folder = _run.PathOf("trained");
        File.WriteAllText(template, "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% endfor %}");

        TrainToolRun run = TrainToolRun.Of(
            "tokenizer", _run.PathOf("texts.jsonl"), _run.PathOf("chats.jsonl"), "--vocab-size", "330", "--chat-template", template, "--symbol", "<|user|>", "-o", folder);

        Assert.Equal(0, run.Code);
        Assert.Contains("330 tokens", run.Error, StringComparison.Ordinal);
        Tokenizer tokenizer = Tokenizer.Load(folder);
        Assert.Equal(330, tokenizer.VocabularySize);
        _ = Assert.Single(tokenizer.Encode("<|user|>", addBos: false));
        Assert.NotNull(tokenizer.ChatTemplate);
    }

    [Fact]
    public void Data_is_described_and_what_is_learned_is_shown()
    {
        File.WriteAllText(_run.PathOf("mixed.jsonl"), File.ReadLines(_run.PathOf("chats.jsonl")).First() + "\nno JSON\n");
        _ = Directory.CreateDirectory(_run.PathOf("model"));
        File.Copy(_run.PathOf("config.json"), _run.PathOf("model/config.json"));
        foreach (string file in Directory.EnumerateFiles(_run.PathOf("tokenizer")))
            File.Copy(file, Path.Combine(_run.PathOf("model"), Path.GetFileName(file)));

        TrainToolRun run = TrainToolRun.Of("data", _run.PathOf("mixed.jsonl"), "-m", _run.PathOf("model"), "--show", "1");

        Assert.Equal(0, run.Code);
        Assert.Contains("1 examples of 2", run.Output, StringComparison.Ordinal);
        Assert.Contains("mixed.jsonl:2", run.Output, StringComparison.Ordinal);
        Assert.Contains("⟦Near the house.", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Adapters_are_merged_into_a_checkpoint_and_steps_are_measured()
    {
        SmallRun.Train(_run.Scratch);
        string model = Path.Combine(_run.Scratch.Run.Output!, "final");
        TrainingOptions adapter = _run.Scratch with { Run = new RunOptions { Model = model, Output = _run.PathOf("adapter"), Train = [RunOptions.Adapter], Threads = 2 } };
        SmallRun.Train(adapter);

        TrainToolRun merged = TrainToolRun.Of("merge", Path.Combine(_run.PathOf("adapter"), "final") + "=0.5", "-m", model, "-o", _run.PathOf("merged"), "--dtype", "bf16");
        TrainToolRun bench = TrainToolRun.Of("bench", "-m", _run.PathOf("merged"), "--documents", "2", "--length", "20", "-r", "2");

        Assert.Equal(0, merged.Code);
        Assert.True(File.Exists(_run.PathOf("merged/model.safetensors")));
        Assert.Equal(0, bench.Code);
        Assert.Contains("scan and convolution", bench.Output, StringComparison.Ordinal);
        Assert.Contains("Linear backward", bench.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("tokenizer", "absent.txt", "-o", "x")]
    [InlineData("data", "absent.txt", "-m", "absent")]
    [InlineData("merge", "absent", "-m", "absent", "-o", "x")]
    [InlineData("bench", "-m", "absent")]
    public void What_is_absent_is_named_in_one_line(params string[] args) =>
        Assert.Contains("absent", TrainToolRun.Of(args).Failure(1), StringComparison.Ordinal);

    [Fact]
    public void A_scale_that_is_no_number_is_misuse() =>
        Assert.Contains("'fast'", TrainToolRun.Of("merge", "a=fast", "-m", _run.PathOf("tokenizer/.."), "-o", "x").Failure(2), StringComparison.Ordinal);

    public void Dispose() => _run.Dispose();
}
