using System.Globalization;
using System.Text.Json;
using HymbaSharp.Generation.Constraints;

namespace HymbaSharp.Tests.Generation.Constraints;

public sealed class JsonSchemaTests
{
    [Theory]
    [InlineData("""{"type":"boolean"}""", "true", "null")]
    [InlineData("""{"type":["string","null"]}""", "null", "1")]
    [InlineData("""{"type":"integer"}""", "-120", "1.5")]
    [InlineData("""{"type":"integer"}""", "0", "-0")]
    [InlineData("""{"type":"integer"}""", "999999999999999999", "01")]
    [InlineData("""{"type":"number"}""", "-0.5e+10", ".5")]
    [InlineData("""{"type":["integer","number"]}""", "1.5", "\"\"")]
    [InlineData("""{"allOf":[{"type":["integer","string"]},{"type":["number","null"]}]}""", "1", "1.5")]
    [InlineData("""{"type":"string"}""", "\"a\\u00e9\\ud83d\\ude42é🙂\\n\"", "\"\\ud83d\"")]
    [InlineData("""{"type":"string"}""", "\"\"", "\"\n\"")]
    [InlineData("""{"type":"string","minLength":2,"maxLength":3}""", "\"é\\n🙂\"", "\"🙂\"")]
    [InlineData("""{"type":"string","pattern":"^a+$"}""", "\"aa\"", "\"ab\"")]
    [InlineData("""{"type":"string","pattern":"a+"}""", "\"xay\"", "\"xy\"")]
    [InlineData("""{"type":"string","pattern":"^\\\\\"\\n.$"}""", "\"\\\\\\\"\\n/\"", "\"\\\\\\\"n/\"")]
    [InlineData("""{"format":"date"}""", "\"2024-02-29\"", "\"2023-02-29\"")]
    [InlineData("""{"format":"date"}""", "\"2000-02-29\"", "\"1900-02-29\"")]
    [InlineData("""{"format":"date-time"}""", "\"2024-12-31T23:59:59.25+01:00\"", "\"2024-12-31 23:59:59Z\"")]
    [InlineData("""{"format":"time"}""", "\"00:00:00Z\"", "\"24:00:00Z\"")]
    [InlineData("""{"format":"uuid"}""", "\"123e4567-e89b-12d3-a456-426614174000\"", "\"123e4567\"")]
    [InlineData("""{"format":"email"}""", "\"a.b+c@mail.example.org\"", "\"a@b\"")]
    [InlineData("""{"format":"ipv4"}""", "\"192.168.0.255\"", "\"256.1.1.1\"")]
    [InlineData("""{"enum":["a",1,null,{"k":[1,2]}]}""", "{\"k\":[1, 2]}", "\"b\"")]
    [InlineData("""{"type":"string","enum":["a",1]}""", "\"a\"", "1")]
    [InlineData("""{"const":"é\"\n\u0001"}""", "\"é\\\"\\n\\u0001\"", "\"\"")]
    [InlineData("""{"allOf":[{"enum":[1,2,3]},{"enum":[2,3,4]},{"type":"integer"}]}""", "2", "1")]
    [InlineData("""{"anyOf":[{"type":"integer"},{"const":"x"}]}""", "\"x\"", "\"y\"")]
    [InlineData("""{"oneOf":[{"type":"integer"},{"type":"string"}]}""", "1", "null")]
    [InlineData("true", "[1,{\"a\":null}]", "x")]
    [InlineData("{}", "{\"a\": [1, \"\"]}", "{\"a\" : 1}")]
    public void Values_are_those_of_the_schema(string schema, string accepted, string refused)
    {
        Grammar grammar = Texts.Schema(schema);
        Assert.True(grammar.Accepts(accepted));
        Assert.False(grammar.Accepts(refused));
    }

    [Theory]
    [InlineData("""{"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"integer"},"c":{"type":"integer"}},"required":["b"]}""",
        """{"b":1}|{"a":1,"b":2}|{"b": 1, "c": 2}|{"a": 1, "b": 2, "c": 3}""", """{}|{"a":1}|{"b":1,"a":2}|{"b":1,}|{"b":1,"d":1}|{"b":1,"b":1}|{ "b":1}""")]
    [InlineData("""{"properties":{"a":{"type":"null"},"b":{"type":"null"}}}""", """{}|{"a":null}|{"b":null}|{"a":null,"b":null}""", """{"b":null,"a":null}|{,"b":null}|1""")]
    [InlineData("""{"type":"object","required":["x"]}""", """{"x":1}|{"x":[],"y":2}""", """{}|{"y":2}""")]
    [InlineData("""{"type":"object","additionalProperties":{"type":"integer"}}""", """{}|{"a":1,"b":2}""", """{"a":"x"}""")]
    [InlineData("""{"type":"object","properties":{"ab":{"type":"integer"},"ac":{}},"additionalProperties":{"type":"string"}}""",
        """{"ab":1}|{"ab":1,"x":"y"}|{"a":"y"}|{"abc":"y"}|{"":"y"}|{"é\n":"y"}""", """{"ab":"y"}|{"x":1}|{"ab":1,"x":1}|{"a\u0062":"y"}|{"x":"y","ab":1}""")]
    [InlineData("""{"type":"object","properties":{"a":true},"additionalProperties":false}""", """{}|{"a":[]}""", """{"b":1}|{"a":1,"b":1}""")]
    [InlineData("""{"type":"object","properties":{"a":{"const":1},"b":false}}""", """{"a":1}""", """{"b":1}|{"a":1,"b":1}""")]
    [InlineData("""{"allOf":[{"properties":{"a":{"type":"integer"}},"required":["a"]},{"properties":{"a":{"minimum":3},"b":{"type":"null"}}}]}""", """{"a":3}|{"a":4,"b":null}""", """{"a":2}|{}|{"b":null}""")]
    [InlineData("""{"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"integer"}},"anyOf":[{"required":["a"]},{"required":["b"]}]}""", """{"a":1}|{"b":1}|{"a":1,"b":1}""", "{}")]
    [InlineData("""{"allOf":[{"properties":{"a":{"type":"integer"}},"additionalProperties":false},{"properties":{"b":{"type":"integer"}}}]}""", """{}|{"a":1}""", """{"b":1}""")]
    public void Objects_have_their_properties_in_order(string schema, string accepted, string refused) => Check(schema, accepted, refused);

    [Theory]
    [InlineData("""{"type":"array"}""", """[]|[1,"a", null]|[[[]]]""", "[,]|[1,]|{}|[ ]")]
    [InlineData("""{"items":{"type":"integer"}}""", "[]|[1]|[1, 2]", "[null]")]
    [InlineData("""{"items":{"type":"integer"},"minItems":2,"maxItems":3}""", "[1,2]|[1,2,3]", "[]|[1]|[1,2,3,4]")]
    [InlineData("""{"items":{"type":"integer"},"minItems":1}""", "[1]|[1,2,3,4]", "[]")]
    [InlineData("""{"maxItems":0,"type":"array"}""", "[]", "[1]")]
    [InlineData("""{"items":false}""", "[]", "[1]")]
    [InlineData("""{"prefixItems":[{"type":"integer"},{"type":"string"}]}""", """[]|[1]|[1,"a"]""", """["a"]|[1,"a",2]""")]
    [InlineData("""{"prefixItems":[{"type":"integer"},{"type":"string"}],"minItems":2,"items":{"type":"null"}}""", """[1,"a"]|[1,"a",null]""", """[1]|[1,"a",1]""")]
    [InlineData("""{"prefixItems":[{"type":"integer"},{"type":"string"}],"items":false,"minItems":1}""", """[1]|[1,"a"]""", """[]|[1,"a",null]""")]
    [InlineData("""{"prefixItems":[{"type":"integer"}],"minItems":3}""", """[1,2,"a"]""", "[1]|[1,2]|[1,2,3,4]")]
    [InlineData("""{"prefixItems":[{"type":"integer"},{"type":"integer"}],"maxItems":1}""", "[]|[1]", "[1,2]")]
    [InlineData("""{"allOf":[{"prefixItems":[{"type":"integer"}]},{"items":{"minimum":5}}]}""", "[5]|[5,6]", "[4]|[5,4]")]
    public void Arrays_have_their_items(string schema, string accepted, string refused) => Check(schema, accepted, refused);

    [Theory]
    [InlineData("""{"$ref":"#/$defs/node","$defs":{"node":{"type":"object","properties":{"v":{"type":"integer"},"next":{"anyOf":[{"$ref":"#/$defs/node"},{"type":"null"}]}},"required":["v","next"]}}}""",
        """{"v":1,"next":null}|{"v":1,"next":{"v":2,"next":null}}""", """{"v":1}|{"v":1,"next":{"v":2}}""")]
    [InlineData("""{"type":"array","items":{"$ref":"#"}}""", "[]|[[],[[]]]", "[1]")]
    [InlineData("""{"properties":{"a/b~c":{"type":"integer"},"d":{"$ref":"#/properties/a~1b~0c"}}}""", """{"d":1}""", """{"d":"x"}""")]
    [InlineData("""{"definitions":{"x y":{"const":7}},"items":{"$ref":"#/definitions/x%20y","description":"seven"}}""", "[7]", "[8]")]
    [InlineData("""{"$defs":{"base":{"properties":{"a":{"type":"integer"}},"required":["a"]}},"allOf":[{"$ref":"#/$defs/base"}],"properties":{"b":{"type":"null"}}}""", """{"b":null,"a":1}|{"a":1}""", """{"b":null}""")]
    public void References_may_recur(string schema, string accepted, string refused) => Check(schema, accepted, refused);

    [Theory]
    [InlineData("patternProperties", "{\"type\":\"object\",\"patternProperties\":{}}", "#/patternProperties")]
    [InlineData("uniqueItems", "{\"items\":{\"type\":\"array\",\"uniqueItems\":true}}", "#/items/uniqueItems")]
    [InlineData("minProperties", "{\"minProperties\":1}", "#/minProperties")]
    [InlineData("maxProperties", "{\"maxProperties\":1}", "#/maxProperties")]
    [InlineData("propertyNames", "{\"propertyNames\":{}}", "#/propertyNames")]
    [InlineData("not", "{\"not\":{}}", "#/not")]
    [InlineData("if", "{\"if\":{}}", "#/if")]
    [InlineData("dependentRequired", "{\"dependentRequired\":{}}", "#/dependentRequired")]
    [InlineData("contains", "{\"contains\":{}}", "#/contains")]
    [InlineData("unevaluatedProperties", "{\"unevaluatedProperties\":false}", "#/unevaluatedProperties")]
    [InlineData("additionalItems", "{\"additionalItems\":false}", "#/additionalItems")]
    [InlineData("nullable", "{\"anyOf\":[{\"properties\":{\"a\":{\"nullable\":true}}}]}", "#/anyOf/0/properties/a/nullable")]
    [InlineData("$anchor", "{\"$anchor\":\"x\"}", "#/$anchor")]
    [InlineData("$dynamicRef", "{\"$dynamicRef\":\"#x\"}", "#/$dynamicRef")]
    [InlineData("made/up", "{\"made/up\":1}", "#/made/up")]
    public void An_unknown_keyword_is_refused_by_its_name_and_place(string keyword, string schema, string pointer)
    {
        string message = Texts.Refused(schema).Message;
        Assert.Contains($"'{keyword}' is not supported", message);
        Assert.Contains($"at {pointer}:", message);
    }

    [Fact]
    public void Every_other_keyword_is_refused()
    {
        foreach (string keyword in (string[])["$vocabulary", "$anchor", "$dynamicAnchor", "$dynamicRef", "$recursiveRef", "$recursiveAnchor", "id", "then", "else", "dependentSchemas", "dependencies",
            "minContains", "maxContains", "unevaluatedItems", "unevaluatedProperties", "contentEncoding", "contentMediaType", "contentSchema", "propertyNames", "maxProperties", "nullable",
            "discriminator", "xml", "example", "externalDocs", "Type", "strict"])
        {
            foreach (string schema in (string[])["{\"" + keyword + "\":{}}", "{\"type\":\"array\",\"items\":{\"type\":\"integer\",\"" + keyword + "\":1}}"])
                Assert.Contains($"'{keyword}' is not supported", Texts.Refused(schema).Message);
        }
    }

    [Theory]
    [InlineData("1", "is no schema")]
    [InlineData("""{"type":"text"}""", "'type' is \"text\"; allowed: object")]
    [InlineData("""{"type":7}""", "'type' is 7")]
    [InlineData("""{"properties":[]}""", "'properties' is []")]
    [InlineData("""{"properties":{"a":1}}""", "#/properties/a: 1 is no schema")]
    [InlineData("""{"required":"a"}""", "'required' is \"a\"")]
    [InlineData("""{"required":[1]}""", "allowed: strings")]
    [InlineData("""{"enum":1}""", "'enum' is 1")]
    [InlineData("""{"anyOf":{}}""", "'anyOf' is {}")]
    [InlineData("""{"items":[{}]}""", "'prefixItems'")]
    [InlineData("""{"type":"string","minLength":-1}""", "allowed: an integer from 0 to 10000")]
    [InlineData("""{"type":"string","maxLength":10001}""", "allowed: an integer from 0 to 10000")]
    [InlineData("""{"type":"array","minItems":1e9}""", "allowed: an integer from 0 to 10000")]
    [InlineData("""{"type":"number","minimum":"1"}""", "allowed: a number")]
    [InlineData("""{"type":"number","minimum":1e99}""", "at most 40 digits")]
    [InlineData("""{"type":"integer","exclusiveMinimum":true}""", "'exclusiveMinimum' is true")]
    [InlineData("""{"type":"integer","multipleOf":101}""", "'multipleOf' is 101; supported")]
    [InlineData("""{"type":"number","multipleOf":0.5}""", "'multipleOf' is 0.5; supported")]
    [InlineData("""{"type":"integer","multipleOf":0}""", "'multipleOf' is 0; allowed")]
    [InlineData("""{"type":"string","format":"uri"}""", "'format' is 'uri'; supported are date, date-time, email, ipv4, time, uuid")]
    [InlineData("""{"type":"integer","format":"int32"}""", "'format' is 'int32'; supported are date")]
    [InlineData("""{"type":"string","pattern":"a","maxLength":3}""", "allowed: one of them")]
    [InlineData("""{"type":"string","pattern":"(?=a)"}""", "#/pattern, at 2: groups of the kind")]
    [InlineData("""{"type":"string","enum":["a"],"minLength":1}""", "#/minLength: 'minLength' beside 'enum'")]
    [InlineData("""{"oneOf":[{"type":"integer"},{"type":"number"}]}""", "the schemas 0 and 1 may hold both")]
    [InlineData("""{"oneOf":[{"properties":{"a":{"const":1}}},{"properties":{"a":{"const":2}}}]}""", "may hold both")]
    [InlineData("""{"$ref":"other.json"}""", "allowed: '#' or a JSON pointer")]
    [InlineData("""{"$ref":"#name"}""", "allowed: '#' or a JSON pointer")]
    [InlineData("""{"$ref":"#/$defs/x"}""", "which is not in the schema")]
    [InlineData("""{"$ref":"#"}""", "refers to itself with nothing between")]
    [InlineData("""{"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}}}""", "refers to itself")]
    [InlineData("""{"anyOf":[{"$ref":"#"},{"type":"null"}]}""", "left-recursive: # begins with #")]
    [InlineData("false", "no text")]
    [InlineData("""{"enum":[]}""", "no text")]
    [InlineData("""{"type":"integer","minimum":3,"maximum":2}""", "no text")]
    [InlineData("""{"type":"array","minItems":3,"maxItems":2}""", "no text")]
    [InlineData("""{"type":"object","properties":{"a":false},"required":["a"]}""", "no text")]
    [InlineData("""{"type":"object","properties":{"a":{"type":"null"}},"additionalProperties":false,"required":["b"]}""", "no text")]
    [InlineData("""{"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]}""", "no text")]
    [InlineData("""{"const":"\ud800"}""", "half a surrogate pair")]
    public void Mistakes_are_refused(string schema, string message) => Assert.Contains(message, Texts.Refused(schema).Message);

    [Fact]
    public void Alternatives_that_differ_in_a_required_property_are_told_apart()
    {
        Check("""
            {"oneOf":[
              {"type":"object","properties":{"kind":{"const":"a"},"x":{"type":"integer"}},"required":["kind"]},
              {"type":"object","properties":{"kind":{"enum":["b","c"]}},"required":["kind"]}]}
            """, """{"kind":"a","x":1}|{"kind": "c"}""", """{"kind":"c","x":1}|{"x":1}""");
        Check("""
            {"oneOf":[
              {"type":"object","properties":{"a":{"type":"integer"}},"required":["a"],"additionalProperties":false},
              {"type":"object","properties":{"b":{"type":"integer"}},"required":["b"],"additionalProperties":false}]}
            """, """{"a":1}|{"b":1}""", "{}");
    }

    [Fact]
    public void Annotations_are_passed_over()
    {
        Check("""
            {"$schema":"https://json-schema.org/draft/2020-12/schema","$id":"x","$comment":"c","title":"t","description":"d","default":1,"examples":[1],
             "deprecated":true,"readOnly":true,"writeOnly":true,"type":"integer"}
            """, "1", "null");
    }

    [Fact]
    public void Hostile_schemas_are_refused_or_compiled_in_bounded_time()
    {
        // Alternatives of alternatives: 4^12 combinations.
        string Branch(string name) => $$$"""{"properties":{"{{{name}}}":{"type":"null"}},"required":["{{{name}}}"]}""";
        string any = string.Join(',', Enumerable.Range(0, 12).Select(i => $$"""{"anyOf":[{{Branch($"a{i}")}},{{Branch($"b{i}")}},{{Branch($"c{i}")}},{{Branch($"d{i}")}}]}"""));
        Assert.Contains("combinations", Texts.Refused($$"""{"type":"object","allOf":[{{any}}]}""").Message);
        string deep = string.Concat(Enumerable.Repeat("""{"items":""", 70)) + "{}" + new string('}', 70);
        using JsonDocument document = JsonDocument.Parse(deep, new JsonDocumentOptions { MaxDepth = 200 });
        Assert.Contains("64 levels", Assert.Throws<GrammarException>(() => Grammar.FromJsonSchema(document.RootElement)).Message);
        string large = $$"""{"description":"{{new string('x', 300_000)}}"}""";
        Assert.Contains("allowed: 262144", Texts.Refused(large).Message);
        string chain = "{" + string.Join(',', Enumerable.Range(0, 1000).Select(i => $$"""
            "d{{i}}":{"$ref":"#/$defs/d{{i + 1}}"}
            """)) + ""","d1000":{"type":"null"}}""";
        Assert.Contains("a chain of more than 256 references", Texts.Refused($$$"""{"$ref":"#/$defs/d0","$defs":{{{chain}}}}""").Message);
        Assert.True(Texts.Schema($$"""{"type":"string","maxLength":10000}""").Accepts($"\"{new string('a', 10_000)}\""));
        Assert.False(Texts.Schema($$"""{"type":"string","maxLength":10000}""").Accepts($"\"{new string('a', 10_001)}\""));
        string many = string.Join(',', Enumerable.Range(0, 1000).Select(i => $$"""
            "p{{i}}":{"type":"integer"}
            """));
        Assert.True(Texts.Schema($$$"""{"properties":{{{{many}}}}}""").Accepts("""{"p0":1,"p500":2,"p999":3}"""));
        // Names beside a thousand others, and bounds, take few states each.
        Assert.True(Texts.Schema($$$"""{"properties":{{{{many}}}},"additionalProperties":{"type":"null"}}""").Accepts("""{"p0":1,"p1000":null}"""));
        Assert.True(Texts.Schema($$$"""{"properties":{{{{many.Replace("\"integer\"", "\"number\",\"minimum\":7.5")}}}}}""").Accepts("""{"p0":7.51,"p999":8}"""));
        Assert.Throws<GrammarException>(() => Grammar.FromJsonSchema(default));
    }

    /// <summary>Ranges against plain comparison, over every number that is near a bound.</summary>
    [Fact]
    public void Ranges_hold_exactly_the_numbers_between_their_bounds()
    {
        Random random = new(3);
        for (int i = 0; i < 400; i++)
        {
            int decimals = random.Next(3);
            bool isInteger = random.Next(2) == 0;
            decimal? Bound() => random.Next(4) == 0 ? null : Math.Round((decimal)((random.NextDouble() - 0.5) * Math.Pow(10, random.Next(5))), decimals);
            decimal? min = Bound(), max = Bound();
            bool isMinExcluded = random.Next(2) == 0, isMaxExcluded = random.Next(2) == 0;
            int step = isInteger && random.Next(2) == 0 ? (int[])[2, 3, 7, 10, 20, 60] is var steps ? steps[random.Next(6)] : 1 : 1;
            List<string> keywords = [isInteger ? "\"type\":\"integer\"" : "\"type\":\"number\""];
            if (min is not null)
                keywords.Add($"\"{(isMinExcluded ? "exclusiveMinimum" : "minimum")}\":{min}");
            if (max is not null)
                keywords.Add($"\"{(isMaxExcluded ? "exclusiveMaximum" : "maximum")}\":{max}");
            if (step > 1)
                keywords.Add($"\"multipleOf\":{step}");
            string schema = $"{{{string.Join(',', keywords)}}}";
            Grammar grammar;
            try
            {
                grammar = Texts.Schema(schema);
            }
            catch (GrammarException error) when (error.Message.Contains("no text"))
            {
                Assert.True(isInteger ? !Enumerable.Range(-6000, 12001).Any(n => Holds(n)) : min > max || (min == max && (isMinExcluded || isMaxExcluded)), schema);
                continue;
            }
            for (int k = 0; k < 300; k++)
            {
                decimal near = random.Next(3) switch { 0 => min ?? 0, 1 => max ?? 0, _ => 0 };
                decimal value = Math.Round(near + (decimal)((random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-2, 5))), isInteger ? 0 : random.Next(4));
                if (value == 0)
                    value = 0;
                string text = value.ToString(CultureInfo.InvariantCulture);
                text = text.StartsWith("-0") && value == 0 ? "0" : text;
                Assert.True(Holds(value) == grammar.Accepts(text), $"{text} in {schema}");
            }

            bool Holds(decimal value) => !(min is { } low && (isMinExcluded ? value <= low : value < low))
                && !(max is { } high && (isMaxExcluded ? value >= high : value > high)) && (!isInteger || value % step == 0);
        }
    }

    [Fact]
    public void Cents_have_two_decimals_at_most()
    {
        Check("""{"type":"number","multipleOf":0.01,"minimum":0,"maximum":99.99}""", "0|0.01|12.5|99.99|7", "0.001|100|-1|99.999|99.99000");
        Check("""{"type":"number","minimum":0.25,"exclusiveMaximum":0.5}""", "0.25|0.4999|0.30", "0.2|0.5|0.50|0.249|0");
        Check("""{"type":"number","exclusiveMinimum":-1,"maximum":0}""", "0|-0.5|-0.999|0.0", "-1|-1.0|-0.0|0.1");
        Check("""{"type":"integer","minimum":12345678901234567890123}""", "12345678901234567890123|99999999999999999999999", "12345678901234567890122|-12345678901234567890123");
    }

    private static void Check(string schema, string accepted, string refused)
    {
        Grammar grammar = Texts.Schema(schema);
        Assert.All(accepted.Split('|'), text => Assert.True(grammar.Accepts(text), text));
        Assert.All(refused.Split('|'), text => Assert.False(grammar.Accepts(text), text));
    }
}
