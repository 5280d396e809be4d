using HymbaSharp.Threading;

namespace HymbaSharp.Kernels;

/// <summary>Packs activations [T, in] into panels [in][panel tokens], the last panel padded with zeros.</summary>
internal unsafe struct PackWork : IParallelWork
{
    private const int ColumnsPerPart = 512;

    private Matrix _x;
    private float* _panels;
    private int _panelColumns;
    private int _partsPerPanel;

    public static void Run(KernelContext context, Matrix x, float* panels, int panelColumns)
    {
        int partsPerPanel = (x.Columns + ColumnsPerPart - 1) / ColumnsPerPart;
        PackWork work = new() { _x = x, _panels = panels, _panelColumns = panelColumns, _partsPerPanel = partsPerPanel };
        context.Pool.Run(ref work, (x.Rows + panelColumns - 1) / panelColumns * partsPerPanel);
    }

    public void Execute(int part, int worker)
    {
        int panel = part / _partsPerPanel, column = part % _partsPerPanel * ColumnsPerPart;
        int columns = Math.Min(ColumnsPerPart, _x.Columns - column);
        int first = panel * _panelColumns;
        int tokens = Math.Min(_panelColumns, _x.Rows - first);
        float* destination = _panels + ((nint)panel * _panelColumns * _x.Columns) + ((nint)column * _panelColumns);
        if (tokens < _panelColumns)
            new Span<float>(destination, columns * _panelColumns).Clear();
        Transpose.Copy(_x[first] + column, _x.Stride, destination, _panelColumns, tokens, columns, accumulate: false);
    }
}
