namespace HymbaSharp.Demo.Words;

/// <summary>Draws names and numbers of one split: pronounceable ones made of syllables, and now and then one that people know.</summary>
internal sealed class Names(Dice dice, Split split)
{
    private const int KnownPercent = 15;

    private static readonly string[] Onsets =
    [
        "b", "d", "f", "g", "h", "j", "k", "l", "m", "n", "p", "r", "s", "t", "v", "w", "z",
        "b", "d", "k", "l", "m", "n", "r", "s", "t", "v",
        "br", "ch", "dr", "gr", "kr", "pl", "sh", "st", "th", "tr",
        "c", "y", "qu", "fl", "sp",
    ];

    private static readonly string[] Vowels = ["a", "e", "i", "o", "u", "a", "e", "i", "o", "a", "e", "o", "y", "ie", "ou", "ea"];
    private static readonly string[] Inner = ["", "", "", "", "", "", "l", "n", "r", "m", "s"];
    private static readonly string[] Endings = ["", "", "", "n", "r", "l", "s", "m", "k", "t", "ck", "nd", "sh", "x", "ss", "ng", "rt"];
    private static readonly string[] PlaceEndings = ["", "", "", "ton", "ham", "dorf", "mere", "port", "wick", "by", "stad", "field", "ville", "burg"];

    /// <summary>A lower-case word that means nothing, five to nine letters.</summary>
    public string Word()
    {
        while (true)
        {
            string word = Spell();
            if (word.Length is >= 5 and <= 9 && split.Has(word))
                return word;
        }
    }

    public string First() => Known(Vocabulary.FirstNames) ?? Capitalised(Word());

    public string Last() => Known(Vocabulary.LastNames) ?? Capitalised(Word());

    public string Person() => $"{First()} {Last()}";

    public string Place()
    {
        if (Known(Vocabulary.Places) is { } known)
            return known;
        while (true)
        {
            string word = Spell() + dice.Pick(PlaceEndings);
            if (word.Length is >= 5 and <= 11 && split.Has(word))
                return Capitalised(word);
        }
    }

    /// <summary>The name of a ship, a bridge, a song.</summary>
    public string Thing() => Capitalised(Word());

    /// <summary>A number within the limits, both included. Small ranges hold no number out.</summary>
    public int Number(int least, int most)
    {
        while (true)
        {
            int number = dice.Between(least, most);
            if (split.Has(number))
                return number;
        }
    }

    /// <summary>A number of one to four digits, each length as likely.</summary>
    public int AnyNumber() => dice.Below(4) switch
    {
        0 => Number(2, 9),
        1 => Number(10, 99),
        2 => Number(100, 999),
        _ => Number(1000, 9999),
    };

    public int Year() => Number(1100, 2020);

    /// <summary>The word after its indefinite article.</summary>
    public static string WithArticle(string word) => $"{("aeiou".Contains(word[0]) ? "an" : "a")} {word}";

    public static string Capitalised(string word) => char.ToUpperInvariant(word[0]) + word[1..];

    private string Spell()
    {
        int syllables = dice.Chance(65) ? 2 : 3;
        string word = dice.Chance(15) ? dice.Pick(Vowels) + dice.Pick(Inner) : "";
        for (int i = 0; i < syllables; i++)
            word += dice.Pick(Onsets) + dice.Pick(Vowels) + dice.Pick(i == syllables - 1 ? Endings : Inner);
        return word;
    }

    private string? Known(string[] names)
    {
        if (!dice.Chance(KnownPercent))
            return null;
        string name = dice.Pick(names);
        return split.Has(name) ? name : null;
    }
}
