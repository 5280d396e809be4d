using System.Buffers.Binary;
using System.Text.Json;
using HymbaSharp.Chat;
using HymbaSharp.Tokenization;

namespace HymbaSharp.Server.Api;

/// <summary>Tokens, templates and embeddings: what needs no reply of the model.</summary>
internal sealed class TextTools(ServedModel model)
{
    /// <summary>
    /// <c>POST /tokenize</c>: of a text (<c>content</c> or <c>prompt</c>; <c>add_special</c> or <c>add_special_tokens</c> puts BOS before it where the
    /// tokenizer has one) or of a chat (<c>messages</c>, <c>tools</c>, <c>contexts</c>); <c>with_pieces</c> adds each token's text.
    /// </summary>
    public async Task TokenizeAsync(HttpContext context)
    {
        RequestFields fields = await RequestFields.ReadAsync(context.Request);
        int[] ids;
        if (fields.Member("messages") is not null)
        {
            ids = model.Prompt.Encode(ChatRequest.ReadMessages(fields), Options(fields), fields.Flag("add_generation_prompt") ?? true);
        }
        else
        {
            string text = fields.Text("content") ?? fields.Text("prompt") ?? throw ApiException.Invalid("'content', 'prompt' or 'messages' is needed.", "content");
            bool addsBos = (fields.Flag("add_special") ?? fields.Flag("add_special_tokens") ?? false) && model.Tokenizer.BosId is not null;
            ids = model.Tokenizer.Encode(text, addsBos);
        }
        TokenList tokens = new(ids, ids.Length, model.Model.ContextLength)
        {
            TokenStrs = fields.Flag("with_pieces") ?? fields.Flag("return_token_strs") ?? false ? [.. ids.Select(id => model.TokenText(id).Text)] : null,
        };
        await context.Response.WriteAsJsonAsync(tokens, ServerJson.Plain.TokenList, cancellationToken: context.RequestAborted);
    }

    /// <summary><c>POST /detokenize</c>: the text of <c>tokens</c>.</summary>
    public async Task DetokenizeAsync(HttpContext context)
    {
        RequestFields fields = await RequestFields.ReadAsync(context.Request);
        List<int> ids = [];
        foreach (JsonElement element in fields.Array("tokens"))
        {
            if (element.ValueKind != JsonValueKind.Number || !element.TryGetInt32(out int id) || (uint)id >= (uint)model.Tokenizer.VocabularySize)
                throw ApiException.Invalid($"'tokens' holds {element.GetRawText()}; token ids from 0 to {model.Tokenizer.VocabularySize - 1} are needed.", "tokens");
            ids.Add(id);
        }
        string text = model.Tokenizer.Decode([.. ids]);
        await context.Response.WriteAsJsonAsync(new Detokenized(text, text), ServerJson.Plain.Detokenized, cancellationToken: context.RequestAborted);
    }

    /// <summary><c>POST /apply-template</c>: the prompt of a chat, as text.</summary>
    public async Task ApplyTemplateAsync(HttpContext context)
    {
        RequestFields fields = await RequestFields.ReadAsync(context.Request);
        string prompt = model.Prompt.Render(ChatRequest.ReadMessages(fields), Options(fields), fields.Flag("add_generation_prompt") ?? true);
        await context.Response.WriteAsJsonAsync(new RenderedPrompt(prompt), ServerJson.Plain.RenderedPrompt, cancellationToken: context.RequestAborted);
    }

    /// <summary><c>GET /tokenizer_info</c>: what a client needs to render chats itself.</summary>
    public Task DescribeTokenizerAsync(HttpContext context)
    {
        Tokenizer tokenizer = model.Tokenizer;
        TokenizerInfo info = new(
            "LlamaTokenizer", tokenizer.VocabularySize, Piece(tokenizer.BosId), tokenizer.BosId, Piece(tokenizer.EosId), tokenizer.EosId,
            Piece(tokenizer.UnknownId), Piece(tokenizer.PadId), tokenizer.AddBosToken, tokenizer.ChatTemplate, model.Model.ContextLength);
        return context.Response.WriteAsJsonAsync(info, ServerJson.Plain.TokenizerInfo, cancellationToken: context.RequestAborted);

        string? Piece(int? id) => id is { } known ? tokenizer.Piece(known) : null;
    }

    /// <summary><c>POST /v1/embeddings</c>: the mean of the final hidden states over each input's tokens, not normalised.</summary>
    public async Task EmbedAsync(HttpContext context)
    {
        RequestFields fields = await RequestFields.ReadAsync(context.Request);
        model.CheckName(fields);
        if (fields.Whole("dimensions") is { } dimensions && dimensions != model.Model.Config.HiddenSize)
            throw ApiException.Invalid($"'dimensions' is {dimensions}; this model's embeddings have {model.Model.Config.HiddenSize}.", "dimensions");
        string format = fields.Text("encoding_format") ?? "float";
        if (format is not ("float" or "base64"))
            throw ApiException.Invalid($"'encoding_format' is '{format}'; float or base64 is needed.", "encoding_format");
        List<int[]> inputs = CompletionRequest.ReadPrompts(fields.Member("input") ?? throw ApiException.Invalid("'input' is missing.", "input"), model, "input");
        if (inputs.Any(ids => ids.Length == 0))
            throw ApiException.Invalid("'input' holds an empty text; each needs at least one token.", "input");
        List<EmbeddingEntry> entries = [];
        foreach (int[] ids in inputs)
        {
            float[] embedding = await Task.Run(() => model.Model.Embed(ids, context.RequestAborted), context.RequestAborted);
            entries.Add(new EmbeddingEntry("embedding", entries.Count, format == "float" ? JsonSerializer.SerializeToElement(embedding, ServerJson.Plain.SingleArray) : JsonSerializer.SerializeToElement(Base64(embedding), ServerJson.Plain.String)));
        }
        int tokens = inputs.Sum(ids => ids.Length);
        await context.Response.WriteAsJsonAsync(new EmbeddingList("list", entries, model.Name, new EmbeddingUsage(tokens, tokens)), ServerJson.Plain.EmbeddingList, cancellationToken: context.RequestAborted);
    }

    private static ConversationOptions Options(RequestFields fields) => new() { Tools = ToolSet.Read(fields).Definitions, Contexts = fields.Texts("contexts") };

    private static string Base64(float[] values)
    {
        byte[] bytes = new byte[values.Length * sizeof(float)];
        for (int i = 0; i < values.Length; i++)
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * sizeof(float)), values[i]);
        return Convert.ToBase64String(bytes);
    }
}
