using System.Text.Json;

namespace HymbaSharp.Training.Data.Records;

/// <summary>Finds the instances of an LMFlow file, one JSON object as a whole, while it is read; the file may be larger than memory.</summary>
internal sealed class InstanceScanner
{
    private const int Chunk = 1 << 20;
    private const string Conversation = "conversation", TextOnly = "text_only";

    private readonly string _path;
    private readonly HashSet<string> _keys = [];
    private readonly List<(long Start, long End, long Line)> _found = [];
    private byte[] _buffer = new byte[Chunk];
    private int _filled;
    private long _bufferStart;
    private JsonReaderState _state;
    private string? _key;
    private bool _insideInstances;
    private long _instanceStart, _instanceLine;
    private long _line = 1;
    private int _lineCountedTo;

    private InstanceScanner(string path) => _path = path;

    /// <exception cref="TrainingDataException">The file is not of this format: what follows the place can't be found.</exception>
    public static IEnumerable<RawRecord> Scan(string path)
    {
        InstanceScanner scanner = new(path);
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan);
        for (bool isEnd = false; !isEnd;)
        {
            isEnd = scanner.Fill(file);
            scanner.ReadBuffer(isEnd);
            foreach ((long start, long end, long line) in scanner._found)
                yield return new RawRecord(start, end - start, line, end - start > RawRecord.MaxBytes ? null : RecordFile.Read(path, start, (int)(end - start)));
            scanner._found.Clear();
        }
        foreach (string key in (string[])["type", "instances"])
        {
            if (!scanner._keys.Contains(key))
                throw new TrainingDataException($"{path}: has no \"{key}\"; an LMFlow file is {{\"type\": …, \"instances\": […]}}.");
        }
    }

    /// <returns>Whether the file has ended.</returns>
    private bool Fill(FileStream file)
    {
        if (_filled == _buffer.Length)
        {
            if (_buffer.Length > RawRecord.MaxBytes)
                throw new TrainingDataException($"{_path}:{_line}: a JSON text or number of more than {RawRecord.MaxBytes} bytes.");
            Array.Resize(ref _buffer, 2 * _buffer.Length);
        }
        int read = file.ReadAtLeast(_buffer.AsSpan(_filled), 3, throwOnEndOfStream: false);
        if (_bufferStart == 0 && _filled == 0 && LineScanner.ByteOrderMark(_buffer.AsSpan(0, read)) is > 0 and int mark)
        {
            _buffer.AsSpan(mark, read - mark).CopyTo(_buffer);
            read -= mark;
            _bufferStart = mark;
        }
        _filled += read;
        return read == 0;
    }

    private void ReadBuffer(bool isEnd)
    {
        int consumed;
        try
        {
            Utf8JsonReader reader = new(_buffer.AsSpan(0, _filled), isEnd, _state);
            while (reader.Read())
                Take(ref reader);
            consumed = (int)reader.BytesConsumed;
            _state = reader.CurrentState;
        }
        catch (JsonException error)
        {
            throw new TrainingDataException($"{_path}:{error.LineNumber + 1}: not valid JSON: {JsonRecord.Message(error)}", error);
        }
        CountLines(consumed);
        _buffer.AsSpan(consumed, _filled - consumed).CopyTo(_buffer);
        _filled -= consumed;
        _bufferStart += consumed;
        _lineCountedTo = 0;
    }

    private void Take(ref Utf8JsonReader reader)
    {
        JsonTokenType token = reader.TokenType;
        int start = (int)reader.TokenStartIndex;
        switch (reader.CurrentDepth)
        {
            case 0 when token is not (JsonTokenType.StartObject or JsonTokenType.EndObject):
                throw Refuse(start, "an LMFlow file is one JSON object");
            case 1 when token is JsonTokenType.PropertyName:
                _key = Text(ref reader, start);
                if (!_keys.Add(_key))
                    throw Refuse(start, $"\"{_key}\" is given twice");
                break;
            case 1 when _key == "type":
                if (token is not JsonTokenType.String || Text(ref reader, start) is not (Conversation or TextOnly))
                    throw Refuse(start, $"\"type\" is not one that is read; supported: \"{Conversation}\" and \"{TextOnly}\"");
                break;
            case 1 when _key == "instances":
                if (token is not (JsonTokenType.StartArray or JsonTokenType.EndArray))
                    throw Refuse(start, "\"instances\" is not a list");
                _insideInstances = token is JsonTokenType.StartArray;
                break;
            case 2 when _insideInstances:
                if (token is not (JsonTokenType.EndObject or JsonTokenType.EndArray))
                {
                    CountLines(start);
                    (_instanceStart, _instanceLine) = (_bufferStart + start, _line);
                }
                if (token is not (JsonTokenType.StartObject or JsonTokenType.StartArray))
                    _found.Add((_instanceStart, _bufferStart + reader.BytesConsumed, _instanceLine));
                break;
        }
    }

    private string Text(ref Utf8JsonReader reader, int start)
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw Refuse(start, "a text that is not well-formed");
        }
    }

    private void CountLines(int end)
    {
        _line += _buffer.AsSpan(_lineCountedTo, end - _lineCountedTo).Count((byte)'\n');
        _lineCountedTo = end;
    }

    private TrainingDataException Refuse(int at, string what)
    {
        CountLines(at);
        return new TrainingDataException($"{_path}:{_line}: {what}.");
    }
}
