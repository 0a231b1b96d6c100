"""Task metrics and sacreBLEU with signatures, significance, reports."""
