"""Tokens -> logits: pure functions over plain pytrees of parameters.

Array names end in their shape: B batch, T window steps, M memory steps (how far attention looks
back), K keys (the steps a query sees), H cells (of both directions, side by side, after a
bidirectional layer), G = 4H gates, A attention size, N heads, D cells of a head, V classes, P
positions in the bar.
"""
