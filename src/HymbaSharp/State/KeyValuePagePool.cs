using System.Runtime.InteropServices;
using HymbaSharp.Kernels;

namespace HymbaSharp.State;

/// <summary>
/// The pages of keys and values of one model. A page carries a count of the sequences that hold it, so sequences share what they have in
/// common; one that is about to write to a shared page takes a copy. Pages that nobody holds are kept for the next one that asks.
/// </summary>
internal sealed unsafe class KeyValuePagePool(KeyValuePage shape) : IDisposable
{
    private readonly Lock _lock = new();
    private Header* _free;
    private bool _disposed;

    public KeyValuePage Shape { get; } = shape;

    /// <summary>Bytes of all pages that sequences hold or that are kept.</summary>
    public long Bytes { get; private set; }

    /// <summary>Bytes that a page takes.</summary>
    public int PageBytes => sizeof(Header) + Shape.Bytes;

    /// <summary>
    /// A page of zeros, held once. Kernels read whole pages and give the rows that nobody sees the weight 0, which only a finite number survives.
    /// </summary>
    public float* Rent()
    {
        float* page = RentUncleared();
        NativeMemory.Clear(page, (nuint)Shape.Bytes);
        return page;
    }

    /// <summary>Holds a page once more.</summary>
    public void Retain(float* page)
    {
        lock (_lock)
            HeaderOf(page)->Holders++;
    }

    /// <summary>Lets go of a page.</summary>
    public void Release(float* page)
    {
        lock (_lock)
        {
            Header* header = HeaderOf(page);
            if (--header->Holders > 0)
                return;
            if (_disposed)
            {
                Free(header);
                return;
            }
            header->Next = _free;
            _free = header;
        }
    }

    /// <summary>The page itself where only the caller holds it; else a copy, the caller's hold moved over to it.</summary>
    public float* Own(float* page)
    {
        lock (_lock)
        {
            if (HeaderOf(page)->Holders == 1)
                return page;
        }
        float* copy = RentUncleared();
        NativeMemory.Copy(page, copy, (nuint)Shape.Bytes);
        Release(page);
        return copy;
    }

    /// <summary>Frees the pages nobody holds; the others are freed when they are let go.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            while (_free is not null)
            {
                Header* page = _free;
                _free = page->Next;
                Free(page);
            }
        }
    }

    private float* RentUncleared()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            Header* page = _free;
            if (page is not null)
            {
                _free = page->Next;
            }
            else
            {
                page = (Header*)NativeMemory.AlignedAlloc((nuint)PageBytes, NativeBuffer.Alignment);
                Bytes += PageBytes;
            }
            page->Holders = 1;
            page->Next = null;
            return (float*)(page + 1);
        }
    }

    private void Free(Header* page)
    {
        Bytes -= PageBytes;
        NativeMemory.AlignedFree(page);
    }

    private static Header* HeaderOf(float* page) => (Header*)page - 1;

    // One cache line, so that the page behind it stays aligned.
    [StructLayout(LayoutKind.Sequential, Size = NativeBuffer.Alignment)]
    private struct Header
    {
        public int Holders;
        public Header* Next;
    }
}
