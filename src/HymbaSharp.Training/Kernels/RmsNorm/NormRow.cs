namespace HymbaSharp.Training.Kernels;

/// <summary>What a norm does with one row of so many columns.</summary>
internal unsafe interface INormRow<T> where T : unmanaged
{
    /// <summary>r = 1 / sqrt(mean(x²) + ε).</summary>
    static abstract T InverseRms(T* x, T epsilon, int columns);

    /// <summary>y = x · scale · gain.</summary>
    static abstract void Scale(T* x, T scale, T* gain, T* y, int columns);

    /// <summary>y = (a · aScale · aGain + b · bScale · bGain) / 2.</summary>
    static abstract void Mean(T* a, T aScale, T* aGain, T* b, T bScale, T* bGain, T* y, int columns);

    /// <summary>Σ x · gain · dY.</summary>
    static abstract T Dot(T* x, T* gain, T* dY, int columns);

    /// <summary>gainGradient += dY · x · scale.</summary>
    static abstract void AddGainGradient(T* dY, T* x, T scale, T* gainGradient, int columns);

    /// <summary>dX = (gain · dY − x · pull) · scale, or that is added; dX may be dY.</summary>
    static abstract void Backward(T* dY, T* x, T* gain, T scale, T pull, T* dX, bool accumulate, int columns);
}
