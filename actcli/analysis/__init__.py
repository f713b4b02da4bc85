"""What is computed about activations: blocks and threads over arrays, and the check of derivatives."""
