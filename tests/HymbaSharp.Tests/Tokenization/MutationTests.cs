using System.Text;
using HymbaSharp.Tokenization;

namespace HymbaSharp.Tests.Tokenization;

/// <summary>Damaged files end in a tokenizer that works or in a <see cref="TokenizerException"/>; any other exception fails the test.</summary>
public sealed class MutationTests
{
    private const string Config = """
        {
          "add_bos_token": true, "add_prefix_space": true, "legacy": true, "sp_model_kwargs": {}, "bos_token": "<s>", "eos_token": { "content": "</s>" }, "pad_token": "[PAD]",
          "added_tokens_decoder": { "0": { "content": "<unk>", "special": true }, "295": { "content": "[PAD]", "lstrip": false, "special": true } },
          "chat_template": [ { "name": "default", "template": "{{ messages }}" } ]
        }
        """;

    [Fact]
    public void Damaged_models_are_refused_or_work()
    {
        using var folder = new TokenizerFolder();
        Mutate(new ModelFixture().Write(), 2000, bytes => folder.LoadModel(bytes));
    }

    [Fact]
    public void Damaged_json_files_are_refused_or_work()
    {
        using var folder = new TokenizerFolder();
        Mutate(Encoding.UTF8.GetBytes(JsonFixture.Create().ToJsonString()), 2000, bytes => folder.LoadJson(bytes));
    }

    [Fact]
    public void Damaged_configurations_are_refused_or_work()
    {
        using var folder = new TokenizerFolder();
        byte[] model = new ModelFixture().Write();
        folder.Write("tokenizer.model", model);
        Mutate(Encoding.UTF8.GetBytes(Config), 2000, bytes =>
        {
            folder.Write("tokenizer_config.json", bytes);
            return Tokenizer.Load(folder.Path);
        });
    }

    [Theory]
    [InlineData("tokenizer.model")]
    [InlineData("tokenizer.json")]
    public void Damaged_copies_of_the_published_files_are_refused_or_work(string name)
    {
        using var folder = new TokenizerFolder();
        byte[] published = File.ReadAllBytes(TestData.Shared("reference", "hymba-1.5b", name));
        Mutate(published, 12, bytes =>
        {
            folder.Write(name, bytes);
            return Tokenizer.Load(folder.Path);
        });
    }

    private static void Mutate(byte[] original, int count, Func<byte[], Tokenizer> load)
    {
        var random = new Random(20250711);
        int refused = 0;
        for (int i = 0; i < count; i++)
        {
            byte[] mutant = Mutate(original, random);
            try
            {
                Use(load(mutant));
            }
            catch (TokenizerException)
            {
                refused++;
            }
        }
        Assert.InRange(refused, 1, count - 1);
    }

    private static byte[] Mutate(byte[] original, Random random)
    {
        byte[] mutant = [.. original];
        for (int change = random.Next(3); change >= 0; change--)
        {
            int at = random.Next(mutant.Length);
            int length = Math.Min(random.Next(1, 40), mutant.Length - at);
            switch (random.Next(6))
            {
                case 0: mutant[at] ^= (byte)(1 << random.Next(8)); break;
                case 1: mutant[at] = (byte)random.Next(256); break;
                case 2: mutant[at] = (byte)"0123456789\"{}[],:"[random.Next(17)]; break;
                case 3: mutant = [.. mutant[..at], .. mutant[(at + length)..]]; break;
                case 4: mutant = [.. mutant[..(at + length)], .. mutant[at..]]; break;
                default: mutant = random.Next(8) == 0 ? mutant[..Math.Max(at, 1)] : mutant; break;
            }
            if (mutant.Length == 0)
                mutant = [0];
        }
        return mutant;
    }

    private static void Use(Tokenizer tokenizer)
    {
        int[] ids = tokenizer.Encode("hello <s> ab\0ñ🙂 </s>[PAD] \uD800");
        Assert.All(ids, id => Assert.InRange(id, 0, tokenizer.VocabularySize - 1));
        Assert.Equal(tokenizer.Decode(ids), Incremental.Decode(tokenizer, ids));
    }
}
