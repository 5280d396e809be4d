using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HymbaSharp.Kernels;

namespace HymbaSharp.State;

/// <summary>
/// All that a sequence leaves behind: for each layer the last K − 1 inputs of the convolution and the SSM state, for each layer that owns
/// keys and values a table of pages. A window layer's table loses pages as the window passes them; the meta tokens' pages stay. It cannot
/// be rewound, for the recurrence has no inverse; but the rows of one step can be kept apart (<see cref="KeepRows"/>), and as many of them be
/// taken as turn out right.
/// </summary>
internal sealed unsafe class SequenceState : IDisposable
{
    private readonly StateShape _shape;
    private NativeBuffer _recurrent; // [slots][layers][K − 1 + N][I]
    private int _slots = 1;
    private int _slot; // the one that holds the state
    private readonly nint[] _tables; // [owners][pages], pinned; managed, so that the finalizer may still read it
    private bool _disposed;

    /// <summary>The state before the first meta token.</summary>
    public SequenceState(StateShape shape)
    {
        _shape = shape;
        _recurrent = new NativeBuffer(shape.RecurrentFloats * sizeof(float));
        NativeMemory.Clear(_recurrent.Floats, (nuint)_recurrent.Bytes);
        _tables = GC.AllocateArray<nint>(checked(shape.Owners.Length * shape.PagesPerLayer), pinned: true);
    }

    private SequenceState(SequenceState source)
    {
        _shape = source._shape;
        Position = source.Position;
        _recurrent = new NativeBuffer(_shape.RecurrentFloats * sizeof(float));
        NativeMemory.Copy(source.Tail(0), _recurrent.Floats, (nuint)_recurrent.Bytes);
        _tables = GC.AllocateUninitializedArray<nint>(source._tables.Length, pinned: true);
        source._tables.CopyTo(_tables, 0);
        foreach (nint page in _tables)
        {
            if (page != 0)
                _shape.Pages.Retain((float*)page);
        }
    }

    ~SequenceState() => ReleasePages();

    /// <summary>Positions passed, meta tokens included; the next token's position.</summary>
    public int Position { get; private set; }

    /// <summary>Tokens passed, meta tokens not counted.</summary>
    public int TokenCount => Position - _shape.Config.MetaTokens;

    /// <summary>Bytes of this state, pages shared with others included.</summary>
    public long Bytes
    {
        get
        {
            long pages = 0;
            foreach (nint page in _tables)
                pages += page == 0 ? 0 : 1;
            return _recurrent.Bytes + (pages * _shape.Pages.Shape.Bytes);
        }
    }

    /// <summary>Convolution tails and SSM states of all layers, as stored in a snapshot.</summary>
    public Span<float> Recurrent
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return new(Tail(0), checked((int)_shape.RecurrentFloats));
        }
    }

    /// <summary>A state that goes on from here by itself. Costs the recurrent state and the page tables; keys and values are shared until written.</summary>
    public SequenceState Fork()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return new(this);
    }

    /// <summary>[K − 1, I] of a layer.</summary>
    public float* Tail(int layer) => _recurrent.Floats + (_slot * _shape.RecurrentFloats) + (layer * (_shape.TailFloats + _shape.ScanFloats));

    /// <summary>[N, I] of a layer.</summary>
    public float* ScanState(int layer) => Tail(layer) + _shape.TailFloats;

    /// <summary>The page table of an owner, by its index among the owners.</summary>
    public float** Pages(int owner) =>
        (float**)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_tables)) + ((nint)owner * _shape.PagesPerLayer);

    /// <summary>Makes the pages of the next <paramref name="count"/> positions ready to be written.</summary>
    public void Reserve(int count)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (count > _shape.ContextLength - TokenCount)
            throw new ContextLengthException(TokenCount, count, _shape.ContextLength);
        for (int owner = 0; owner < _shape.Owners.Length; owner++)
            OwnPages(owner, Position, Position + count);
    }

    /// <summary>Where the rows of a step that keeps them apart leave their states.</summary>
    public StateSlots Slots => new(_slot, _slots, checked((nint)_shape.RecurrentFloats));

    /// <summary>Makes room for the states after each of <paramref name="rows"/> rows beside the one before them.</summary>
    public void KeepRows(int rows)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (rows < _slots)
            return;
        NativeBuffer slots = new((rows + 1) * _shape.RecurrentFloats * sizeof(float));
        Recurrent.CopyTo(new Span<float>(slots.Floats, Recurrent.Length));
        _recurrent.Dispose();
        (_recurrent, _slots, _slot) = (slots, rows + 1, 0);
    }

    /// <summary>Takes the first <paramref name="count"/> rows of a step that kept them apart; the others are as if they had never been.</summary>
    public void AdvanceKept(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(count, _slots);
        _slot = (_slot + count) % _slots;
        Advance(count);
    }

    /// <summary>Moves on past positions that have been computed, and lets go of the pages that no window reaches any more.</summary>
    public void Advance(int count)
    {
        int before = Position;
        Position += count;
        for (int owner = 0; owner < _shape.Owners.Length; owner++)
        {
            if (_shape.KeepsAll[owner])
                continue;
            float** table = Pages(owner);
            int metaPages = (_shape.Config.MetaTokens + KeyValuePage.Rows - 1) / KeyValuePage.Rows;
            int firstStale = Math.Max(metaPages, _shape.FirstKept(owner, before) / KeyValuePage.Rows);
            int firstKept = _shape.FirstKept(owner, Position) / KeyValuePage.Rows;
            for (int page = firstStale; page < firstKept; page++)
            {
                if (table[page] is not null)
                    _shape.Pages.Release(table[page]);
                table[page] = null;
            }
        }
    }

    /// <summary>Reads the keys and values [Hkv · Dk, Hkv · Dv] of a position that an owner keeps.</summary>
    public void ReadRow(int owner, int position, Span<float> row)
    {
        int keys = _shape.Config.KeyValueHeads * _shape.Config.KeyHeadSize;
        _shape.Pages.Shape.Read(Pages(owner)[position / KeyValuePage.Rows], position % KeyValuePage.Rows, row[..keys], row[keys..]);
    }

    /// <summary>Writes the keys and values of a position, after <see cref="BeginRestore"/>.</summary>
    public void WriteRow(int owner, int position, ReadOnlySpan<float> row)
    {
        int keys = _shape.Config.KeyValueHeads * _shape.Config.KeyHeadSize;
        _shape.Pages.Shape.Write(Pages(owner)[position / KeyValuePage.Rows], position % KeyValuePage.Rows, row[..keys], row[keys..]);
    }

    /// <summary>Moves to a position whose rows are then written one by one.</summary>
    public void BeginRestore(int position)
    {
        for (int owner = 0; owner < _shape.Owners.Length; owner++)
            OwnPages(owner, Position < _shape.Config.MetaTokens ? 0 : _shape.FirstKept(owner, position), position);
        Position = position;
    }

    public void Dispose()
    {
        if (_disposed)
            return;
        ReleasePages();
        _recurrent.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Makes the pages of positions <paramref name="start"/> … <paramref name="end"/> − 1 this state's own.</summary>
    private void OwnPages(int owner, int start, int end)
    {
        float** table = Pages(owner);
        for (int page = start / KeyValuePage.Rows; page * KeyValuePage.Rows < end; page++)
            table[page] = table[page] is null ? _shape.Pages.Rent() : _shape.Pages.Own(table[page]);
    }

    private void ReleasePages()
    {
        // A constructor that failed leaves no tables to the finalizer.
        if (_disposed || _tables is null)
            return;
        _disposed = true;
        foreach (nint page in _tables)
        {
            if (page != 0)
                _shape.Pages.Release((float*)page);
        }
    }
}
