"""The lite emotion engine: the reference's ensemble on our own light vectors, trained on real faces and real voices."""
