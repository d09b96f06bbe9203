"""All that knows Baseten: one module for each source, the records that they read and the samples that they become."""
