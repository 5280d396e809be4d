namespace HymbaSharp.Tokenization;

internal static class TokenizerFile
{
    // Far above every published tokenizer; what is larger is not one.
    private const long MaxBytes = 64L << 20;

    public static byte[] Read(string path)
    {
        try
        {
            using FileStream file = File.OpenRead(path);
            if (file.Length > MaxBytes)
                throw new TokenizerException($"{path} has {file.Length} bytes; allowed: at most {MaxBytes}.");
            byte[] bytes = new byte[file.Length];
            file.ReadExactly(bytes);
            return bytes;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new TokenizerException($"{path} cannot be read: {e.Message}", e);
        }
    }
}
