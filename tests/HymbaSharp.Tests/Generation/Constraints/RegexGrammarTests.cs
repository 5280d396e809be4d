using System.Text.RegularExpressions;
using CsCheck;
using HymbaSharp.Generation.Constraints;

namespace HymbaSharp.Tests.Generation.Constraints;

public sealed class RegexGrammarTests
{
    [Theory]
    [InlineData("abc", "abc", "ab")]
    [InlineData("^abc$", "abc", "abcd")]
    [InlineData("a|b|", "", "ab")]
    [InlineData("^a|b$", "b", "c")]
    [InlineData("(?:ab){2,3}", "ababab", "ab")]
    [InlineData("(?<name>x)+?y", "xxy", "y")]
    [InlineData(@"\d{3}-\d{4}", "555-1234", "555-12345")]
    [InlineData("[^a-c]", "é", "b")]
    [InlineData("[]", null, "")]
    [InlineData("[^]x", "\nx", "x")]
    [InlineData(@"[\w.-]+@x", "a.b-c_9@x", "@x")]
    [InlineData(@"\u00e9\x41\u{1F642}\uD83D\uDE42", "éA🙂🙂", "éA🙂")]
    [InlineData("x{2", "x{2", "xx")]
    [InlineData("x{a}", "x{a}", "x")]
    [InlineData("[a-]", "-", "b")]
    [InlineData(@"a\.b", "a.b", "axb")]
    [InlineData(".", "界", "\n")]
    [InlineData(@"\s\S\W\D", "\u3000a-b", "aaaa")]
    [InlineData("(a*)*b", "aaab", "aaa")]
    [InlineData("(a?){0,10000}b", "aaab", "aaa")]
    [InlineData("(a?){3}b", "ab", "aaaab")]
    [InlineData("(a|b|){2,4}", "", "ababa")]
    public void Matches_whole_texts(string pattern, string? accepted, string refused)
    {
        if (accepted is null)
        {
            Assert.Throws<GrammarException>(() => Grammar.FromRegex(pattern));
            return;
        }
        Grammar grammar = Grammar.FromRegex(pattern);
        Assert.True(grammar.Accepts(accepted));
        Assert.False(grammar.Accepts(refused));
    }

    [Theory]
    [InlineData("(", "a group is not closed")]
    [InlineData("a)", "closes nothing")]
    [InlineData("*", "nothing to repeat")]
    [InlineData("a**", "a quantifier follows a quantifier")]
    [InlineData("a*+", "possessive")]
    [InlineData("a{3,2}", "ends before it begins")]
    [InlineData("a{99999999999}", "above 10000")]
    [InlineData("(?=a)", "(?=")]
    [InlineData("(?!a)", "(?!")]
    [InlineData("(?<=a)", "(?<")]
    [InlineData("(?i)a", "(?i")]
    [InlineData(@"(a)\1", @"'\1' is not supported")]
    [InlineData(@"\bx", @"'\b' is not supported")]
    [InlineData(@"\p{L}", @"'\p' is not supported")]
    [InlineData("a^b", "'^' stands inside")]
    [InlineData("a$b", "text follows '$'")]
    [InlineData("(a$)", "'$' stands inside a group")]
    [InlineData("[b-a]", "ends before it begins")]
    [InlineData(@"[\d-z]", "begins or ends with a class")]
    [InlineData("[a", "not closed")]
    [InlineData("\\", @"ends in '\'")]
    [InlineData(@"\u12", "hexadecimal digit")]
    [InlineData(@"\uD800", "no character")]
    [InlineData("(a{0,9999}){0,9999}(b{0,9999}){0,9999}(c{0,9999}){0,9999}(d{0,9999}){0,9999}(e{0,9999}){0,9999}(f{0,9999}){0,9999}", "states")]
    public void What_cannot_be_followed_is_refused_with_its_place(string pattern, string message)
    {
        GrammarException error = Assert.Throws<GrammarException>(() => Grammar.FromRegex(pattern));
        Assert.Contains(message, error.Message);
    }

    [Fact]
    public void Nesting_and_length_are_limited()
    {
        Assert.Contains("100 levels", Assert.Throws<GrammarException>(() => Grammar.FromRegex(new string('(', 5000))).Message);
        Assert.Contains("allowed: 262144", Assert.Throws<GrammarException>(() => Grammar.FromRegex(new string('a', 300_000))).Message);
    }

    [Fact]
    public void Half_a_surrogate_pair_is_refused()
    {
        Assert.Contains("surrogate", Assert.Throws<GrammarException>(() => Grammar.FromRegex("\uD800")).Message);
        Assert.Contains("surrogate", Assert.Throws<GrammarException>(() => Grammar.FromGbnf("root ::= \"\uD800\"")).Message);
        Assert.Contains("surrogate", Assert.Throws<GrammarException>(() => Grammar.Literal("a\uDE42")).Message);
    }

    [Theory]
    [InlineData("(a+)+$")]
    [InlineData("(a|aa)+")]
    [InlineData("(a|a?)+")]
    [InlineData("(.*a){20}")]
    [InlineData("((a{1,50}){1,50}){1,50}")]
    public void Expressions_that_explode_with_backtracking_are_followed_in_step_with_the_text(string pattern)
    {
        Assert.True(Grammar.FromRegex(pattern).Accepts(new string('a', 500)));
        Assert.False(Grammar.FromRegex(pattern).Accepts(new string('a', 500) + "!"));
    }

    /// <summary>The same texts as the platform's own engine, over expressions of a small alphabet.</summary>
    [Fact]
    public void Agrees_with_another_engine()
    {
        Gen<string> atom = Gen.OneOf("a", "b", "é", ".", "[ab]", "[^a]", "\\d", "[a-cé]", "\\.", "\\w");
        Gen<string> quantifier = Gen.OneOf("", "", "", "*", "+", "?", "{2}", "{1,3}", "{0,2}", "{2,}");
        Gen<string> piece = Gen.Select(atom, quantifier, (a, q) => a + q);
        Gen<string> sequence = piece.Array[0, 4].Select(string.Concat);
        // No empty alternatives here: the oracle finds no match of (?:a{1,3}|){2} in the empty text.
        Gen<string> group = Gen.Select(piece.Array[1, 4].Select(string.Concat).Array[1, 3], quantifier, (parts, q) => $"(?:{string.Join('|', parts)}){q}");
        Gen<string> pattern = Gen.OneOf(sequence, group, piece).Array[1, 4].Select(string.Concat);
        Gen<string> text = Gen.OneOf("a", "b", "c", "é", "1", ".").Array[0, 7].Select(string.Concat);
        Gen.Select(pattern, text.Array[30]).Sample((expression, texts) =>
        {
            Grammar grammar = Grammar.FromRegex(expression);
            Regex oracle = new($"^(?:{expression})\\z", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
            foreach (string candidate in texts)
            {
                // The oracle's \w counts é as a letter; ECMAScript's doesn't.
                if (!(candidate.Contains('é') && expression.Contains("\\w")))
                    Assert.True(oracle.IsMatch(candidate) == grammar.Accepts(candidate), $"{expression} on '{candidate}'");
            }
        }, iter: 400);
    }

    /// <summary>Every character of a set and no other, at all borders of UTF-8.</summary>
    [Fact]
    public void Character_sets_are_their_utf8()
    {
        int[] borders = [0, 0x7F, 0x80, 0x7FF, 0x800, 0xFFF, 0x1000, 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x3FFFF, 0x40000, 0x10FFFF];
        foreach (int first in borders)
        {
            foreach (int last in borders.Where(last => last >= first))
            {
                Grammar grammar = Grammar.FromRegex($"[\\u{{{first:X}}}-\\u{{{last:X}}}]");
                foreach (int character in borders.SelectMany(border => (int[])[border - 1, border, border + 1]).Where(c => c is >= 0 and <= 0x10FFFF and not (>= 0xD800 and <= 0xDFFF)))
                    Assert.Equal(first <= character && character <= last, grammar.Accepts(char.ConvertFromUtf32(character)));
            }
        }
        Grammar any = Grammar.FromRegex("[^]");
        byte[][] broken = [[0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xED, 0xA0, 0x80], [0xE0, 0x80, 0x80], [0xF0, 0x80, 0x80, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xC3], [0xFF]];
        foreach (byte[] bytes in broken)
            Assert.False(any.Accepts(bytes));
    }
}
