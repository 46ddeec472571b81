"""The weights an LSTM starts from in a search."""

import torch
from torch import nn


def initialise(lstm: nn.LSTM) -> None:
    """Make recurrent weights orthogonal, gate by gate, and open the forget gate; in place.

    Orthogonal matrices keep a gradient's length through many steps: Saxe et al. 2014, arXiv
    1312.6120. A forget-gate bias of 1 lets a fresh LSTM remember: Jozefowicz et al. 2015.
    Torch orders the gates input, forget, cell, output and adds two bias vectors: one gets the 1.
    """
    width = lstm.hidden_size
    parameters = dict(lstm.named_parameters())
    with torch.no_grad():
        for layer in range(lstm.num_layers):
            for gate in parameters[f"weight_hh_l{layer}"].chunk(4):  # 4 of (H, H)
                nn.init.orthogonal_(gate)
            parameters[f"bias_ih_l{layer}"][width : 2 * width] = 1.0
