"""Scripts that another interpreter runs: ``serve.py ADAPTER`` beside a vendor's compiler; nothing of ours in them."""
