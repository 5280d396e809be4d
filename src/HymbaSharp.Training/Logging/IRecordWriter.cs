namespace HymbaSharp.Training.Logging;

/// <summary>Takes the records of a run, in order.</summary>
internal interface IRecordWriter : IDisposable
{
    /// <summary>Takes one record.</summary>
    void Write(StepRecord record);

    /// <summary>A checkpoint has been written: what has been taken so far must be as lasting.</summary>
    void Flush();
}
