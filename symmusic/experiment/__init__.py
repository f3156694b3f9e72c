"""Arms -> effects -> answers: what replicas measure, how sure it is, and what it says about the
claims.
"""
