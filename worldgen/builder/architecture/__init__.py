"""The shape grammar of buildings, structures and props: frames, solids, wall panels, roofs, joinery, stonework."""
