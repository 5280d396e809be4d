namespace HymbaSharp.Training.Data.Records;

/// <summary>Why one record can't be trained on; the others may be. Never leaves the reading of the data.</summary>
/// <param name="reason">One of the constants here: what records are counted by.</param>
/// <param name="detail">What exactly is wrong, and what is allowed.</param>
internal sealed class BadRecordException(string reason, string detail) : Exception(detail)
{
    public const string NotUtf8 = "not valid UTF-8";
    public const string NotJson = "not valid JSON";
    public const string KeyTwice = "a key is given twice";
    public const string KeyMissing = "a key is missing";
    public const string WrongType = "a value of the wrong type";
    public const string UnknownRole = "an unknown role";
    public const string RoleOrder = "roles out of order";
    public const string EmptyContent = "empty content";
    public const string BadToolCall = "a tool call that is none";
    public const string PromptsDiffer = "chosen and rejected have different prompts";
    public const string NoPreference = "chosen and rejected are equal";
    public const string Template = "the chat template refuses it";
    public const string NothingLearned = "nothing to learn";
    public const string TooManyBytes = "too many bytes";

    public string Reason => reason;
}
