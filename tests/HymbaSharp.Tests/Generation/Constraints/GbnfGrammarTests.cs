using HymbaSharp.Generation.Constraints;

namespace HymbaSharp.Tests.Generation.Constraints;

public sealed class GbnfGrammarTests
{
    private const string Arithmetic = """
        # sums, in llama.cpp's notation
        root  ::= (expr "=" ws term "\n")+
        expr  ::= term ([-+*/] term)*
        term  ::= ident | num | "(" ws expr ")" ws
        ident ::= [a-z] [a-z0-9_]* ws   # names
        num   ::= [0-9]+ ws
        ws    ::= [ \t\n]*
        """;

    [Theory]
    [InlineData("x+1=2\n", true)]
    [InlineData("( a *( b-3 ) ) = c\n", true)]
    [InlineData("a=b\nc=d\n", true)]
    [InlineData("a=\n", false)]
    [InlineData("", false)]
    [InlineData("(a=b\n", false)]
    public void Reads_rules_that_call_each_other(string text, bool isAccepted) => Assert.Equal(isAccepted, Grammar.FromGbnf(Arithmetic).Accepts(text));

    [Theory]
    [InlineData("root ::= \"a\" | \"b\" \"c\"", "bc", "ab")]
    [InlineData("root ::= (\"a\" |\n  \"b\")\n", "b", "ab")]
    [InlineData("root ::= \"a\"\n  | \"b\"", "b", "ab")]
    [InlineData("root ::= [^\\x41-\\u005A\\]]", "a", "]")]
    [InlineData("root ::= \"\\u00e9\\U0001F642\\t\\\"\"", "é🙂\t\"", "é")]
    [InlineData("root ::= \"ab\"{2,3}", "ababab", "ab")]
    [InlineData("root ::= \"ab\" {2}", "abab", "ababab")]
    [InlineData("root ::= .{1,}", "界\n", "")]
    [InlineData("root ::= \"\" x*\nx ::= \"y\"?", "yy", "x")]
    [InlineData("root ::= list\nlist ::= item list | item\nitem ::= \"x\" \";\"", "x;x;x;", "x;x")]
    [InlineData("root ::= ws \"x\"\nws ::= ([ \\t] ws)?", "  \t x", "  ")]
    [InlineData("root ::= a a a\na ::= b? b?\nb ::= \"x\" | c\nc ::= \"\" | \"y\"", "xyxyxy", "xxxxxxx")]
    [InlineData("root ::= \"a\" root \"b\" | \"\"", "aaabbb", "aabbb")]
    [InlineData("root ::= \"a\" root \"a\" | \"b\" root \"b\" | \"\"", "abaaba", "abaab")]
    [InlineData("root ::= s s\ns ::= \"(\" s \")\" s | \"\"", "(())()(())", "(()")]
    public void Accepts_what_its_rules_say(string grammar, string accepted, string refused)
    {
        Assert.True(Grammar.FromGbnf(grammar).Accepts(accepted));
        Assert.False(Grammar.FromGbnf(grammar).Accepts(refused));
    }

    [Theory]
    [InlineData("", "no rule 'root'")]
    [InlineData("x ::= \"a\"", "no rule 'root'")]
    [InlineData("root ::= missing", "'missing' is used and nowhere defined")]
    [InlineData("root ::= \"a\"\nroot ::= \"b\"", "line 2, column 1: the rule 'root' is defined a second time")]
    [InlineData("root = \"a\"", "expected '::='")]
    [InlineData("root ::= \"a", "a literal is not closed")]
    [InlineData("root ::= [a", "a class is not closed")]
    [InlineData("root ::= (\"a\"", "expected ')'")]
    [InlineData("root ::= \"a\")", "closes nothing")]
    [InlineData("root ::= \"\\q\"", "is not an escape")]
    [InlineData("root ::= \"\\xZZ\"", "hexadecimal")]
    [InlineData("root ::= \"\\uD800\"", "no character")]
    [InlineData("root ::= [b-a]", "ends before it begins")]
    [InlineData("root ::= \"a\"{}", "expected a number")]
    [InlineData("root ::= \"a\"{2,1}", "ends before it begins")]
    [InlineData("root ::= \"a\"{1000000}", "above 10000")]
    [InlineData("root ::= <think>", "tokens such as")]
    [InlineData("root ::= *", "'*' is not expected here")]
    [InlineData("root ::= root \"a\" | \"b\"", "left-recursive: root begins with root")]
    [InlineData("root ::= a\na ::= b? c\nb ::= \"x\"\nc ::= a | \"y\"", "left-recursive")]
    [InlineData("root ::= \"a\" root", "no text")]
    [InlineData("root ::= []", "no text")]
    [InlineData("1 2", "expected '::='")]
    [InlineData("ü ::= \"a\"", "expected the name of a rule")]
    public void Mistakes_are_refused_with_their_place(string grammar, string message) =>
        Assert.Contains(message, Assert.Throws<GrammarException>(() => Grammar.FromGbnf(grammar)).Message);

    [Fact]
    public void Hostile_grammars_are_refused_or_followed_in_bounded_time()
    {
        Assert.Contains("100 levels", Assert.Throws<GrammarException>(() => Grammar.FromGbnf("root ::= " + new string('(', 10_000))).Message);
        string doubling = "root ::= r0\n" + string.Join('\n', Enumerable.Range(0, 40).Select(i => $"r{i} ::= r{i + 1} r{i + 1}")) + "\nr40 ::= \"a\"";
        Assert.False(Grammar.FromGbnf(doubling).Accepts("a"));
        string chain = "root ::= r0\n" + string.Join('\n', Enumerable.Range(0, 5000).Select(i => $"r{i} ::= r{i + 1}")) + "\nr5000 ::= \"a\"";
        Assert.True(Grammar.FromGbnf(chain).Accepts("a"));
        // All texts of a's in as many ways as there are trees.
        Grammar ambiguous = Grammar.FromGbnf("root ::= \"a\" root root | \"a\" root | \"a\"");
        Assert.True(ambiguous.Accepts(new string('a', 300)));
    }

    /// <summary>The same texts as a plain search through all derivations.</summary>
    [Fact]
    public void Agrees_with_a_search_through_all_derivations()
    {
        Random random = new(5);
        for (int i = 0; i < 300; i++)
        {
            RandomRules rules = new(random);
            Grammar grammar;
            try
            {
                grammar = Grammar.FromGbnf(rules.ToString());
            }
            catch (GrammarException error) when (error.Message.Contains("left-recursive") || error.Message.Contains("no text"))
            {
                continue;
            }
            for (int length = 0; length <= 5; length++)
            {
                for (int text = 0; text < 1 << length; text++)
                {
                    string candidate = string.Concat(Enumerable.Range(0, length).Select(at => (text >> at & 1) == 0 ? 'a' : 'b'));
                    Assert.True(rules.Accepts(candidate) == grammar.Accepts(candidate), $"'{candidate}' of\n{rules}");
                }
            }
        }
    }

    /// <summary>Random context-free rules over two letters, recognised by filling a table of which rule covers which part (Younger 1967).</summary>
    private sealed class RandomRules
    {
        private const int Count = 4;

        // Of each rule its alternatives; a symbol is a letter, or the number of a rule.
        private readonly string[][] _alternatives;

        public RandomRules(Random random) => _alternatives =
        [
            .. Enumerable.Range(0, Count).Select(_ => Enumerable.Range(0, random.Next(1, 4))
                .Select(_ => string.Concat(Enumerable.Range(0, random.Next(0, 4)).Select(_ => "aabb0123"[random.Next(8)]))).ToArray()),
        ];

        public override string ToString() => "root ::= r0\n" + string.Join('\n', _alternatives.Select((alternatives, rule) =>
            $"r{rule} ::= " + string.Join(" | ", alternatives.Select(symbols => symbols.Length == 0 ? "\"\"" : string.Join(' ', symbols.Select(symbol => char.IsDigit(symbol) ? $"r{symbol}" : $"\"{symbol}\""))))));

        public bool Accepts(string text)
        {
            int n = text.Length + 1;
            bool[,,] covers = new bool[Count, n, n];
            for (bool changed = true; changed;)
            {
                changed = false;
                for (int rule = 0; rule < Count; rule++)
                {
                    for (int from = 0; from < n; from++)
                    {
                        foreach (string symbols in _alternatives[rule])
                        {
                            HashSet<int> ends = [from];
                            foreach (char symbol in symbols)
                                ends = [.. ends.SelectMany(at => Enumerable.Range(at, n - at).Where(to => Covers(symbol, at, to)))];
                            foreach (int to in ends.Where(to => !covers[rule, from, to]))
                                changed = covers[rule, from, to] = true;
                        }
                    }
                }
            }
            return covers[0, 0, text.Length];

            bool Covers(char symbol, int from, int to) => char.IsDigit(symbol) ? covers[symbol - '0', from, to] : to == from + 1 && text[from] == symbol;
        }
    }
}
