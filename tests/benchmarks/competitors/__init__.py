"""What else would score reviews, each as its own documentation has a user do it; all read Parquet and write it, or say so."""
