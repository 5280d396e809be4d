using BenchmarkDotNet.Running;
using HymbaSharp.Benchmarks;

_ = BenchmarkSwitcher.FromAssembly(typeof(MatMulBenchmarks).Assembly).Run(args);
