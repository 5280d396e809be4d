Console.WriteLine(TorchSharp.torch.__version__);
return 0;
