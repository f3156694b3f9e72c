"""The network's functions as one program each: called directly, each of their operations would be
compiled by itself.
"""

import jax

from symmusic.model import model

init_params = jax.jit(model.init_params, static_argnames='architecture')
apply_last = jax.jit(model.apply_last, static_argnames='architecture')
apply_all = jax.jit(
    model.apply_all, static_argnames=('architecture', 'memory_steps', 'with_weights')
)
