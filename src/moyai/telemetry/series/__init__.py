"""Time series: samples in memory minute by minute, and what the metric store keeps of them."""
